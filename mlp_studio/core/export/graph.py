"""An ONNX graph as it grows: what activations and derived inputs add their nodes to."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

ERFCX_DEGREE = 22  # of the polynomial: what is left out is below the rounding of its sum, 3e-15
ERFCX_MIDDLE = 3.0  # the t that becomes the middle of its range; about here the coefficients fall fastest
ERFCX_NODES = 64


class Graph:
    """Nodes and constants. `op("Add", a, b)` adds a node and gives the name of its output.

    An input is the name of another node's output, or a number or array, which becomes a constant. All is float64.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []  # onnx.NodeProto
        self.constants: list[Any] = []  # onnx.TensorProto

    def __call__(self, operator: str, *inputs: Any, output: str = "", **attributes: Any) -> str:
        """Add a node; its output is called `output`, or by a name of its own."""
        from onnx import helper

        output = output or f"{operator.lower()}_{len(self.nodes)}"
        names = [value if isinstance(value, str) else self.constant(np.asarray(value, np.float64)) for value in inputs]
        self.nodes.append(helper.make_node(operator, names, [output], **attributes))
        return output

    def constant(self, values: NDArray[Any], name: str = "") -> str:
        """Add a constant as it is; its name."""
        from onnx import numpy_helper

        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def columns(self, x: str, places: NDArray[np.int64]) -> str:
        """Columns of x (N, D): (N, k) for k places."""
        return self("Gather", x, self.constant(places), axis=1)

    def normal_cdf(self, z: str) -> str:
        """Φ(z) = (1 + erf(z / √2)) / 2, element by element.

        Runtimes have Erf in float32 only. Φ(−|z|) = e^(−z²/2) erfcx(|z| / √2) / 2, and for z > 0 what that leaves of 1.
        """
        bell = self("Exp", self("Mul", self("Mul", z, z), -0.5))
        tail = self("Mul", self("Mul", bell, self._erfcx(self("Mul", self("Abs", z), math.sqrt(0.5)))), 0.5)
        return self("Where", self("Less", z, 0), tail, self("Sub", 1, tail))

    def _erfcx(self, t: str) -> str:
        """erfcx(t) = e^(t²) erfc(t) for t ≥ 0: a polynomial in u = (t − m) / (t + m), which goes from −1 to 1."""
        u = self("Div", self("Sub", t, ERFCX_MIDDLE), self("Add", t, ERFCX_MIDDLE))
        highest, *lower = reversed(_erfcx_coefficients())
        value: str | float = highest
        for coefficient in lower:  # Horner's scheme
            value = self("Add", self("Mul", u, value), coefficient)
        return str(value)


def _erfcx_coefficients() -> list[float]:
    """The polynomial's coefficients, lowest power first: its Chebyshev series, from the values at the nodes cos θ.

    `Chebyshev.interpolate` gives the same with errors of 1e-14, by the recurrence that it makes its cosines with.
    """
    from numpy.polynomial.chebyshev import cheb2poly
    from scipy.fft import dct
    from scipy.special import erfcx

    u = np.cos(np.pi * (np.arange(ERFCX_NODES) + 0.5) / ERFCX_NODES)
    series = dct(erfcx(ERFCX_MIDDLE * (1 + u) / (1 - u))) / ERFCX_NODES
    series[0] /= 2
    coefficients: list[float] = cheb2poly(series[: ERFCX_DEGREE + 1]).tolist()
    return coefficients
