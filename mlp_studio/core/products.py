"""Matrix products that are thin: networks have few classes, and often few features."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

# BLAS rearranges both operands of a matrix product before it multiplies, which takes longer than a thin product itself.
# (3, 100) @ (100, 1050) in float32: 39 µs, as three products of a vector and a matrix 20 µs; with 4 rows both take 25.
THIN = 3
# Below this many numbers in each factor a call costs more than the product: np.dot takes 0.5 µs less than np.matmul.
SMALL = 8192


def product(A: Array, B: Array, out: Array) -> Array:
    """`out` = A B for A (m, k), B (k, p), out (m, p); row by row where m is small, column by column where p is."""
    if A.size <= SMALL and B.size <= SMALL and out.flags.c_contiguous:
        np.dot(A, B, out=out)
    elif len(A) <= THIN:
        np.matmul(A[:, None, :], B, out=out[:, None, :])
    elif B.shape[1] <= THIN:
        np.matmul(A, B.T[:, :, None], out=out.T[:, :, None])
    else:
        np.matmul(A, B, out=out)
    return out
