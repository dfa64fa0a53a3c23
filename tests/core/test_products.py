import numpy as np
import pytest

from mlp_studio.core.products import THIN, product

SIZES = [1, 2, THIN, THIN + 1, 40]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("p", SIZES)
def test_products_of_every_shape_fill_the_array_for_them(m, p, dtype):
    rng = np.random.default_rng(0)
    A, B = (rng.normal(size=shape).astype(dtype) for shape in ((m, 30), (30, p)))
    out = np.full((m, p), np.nan, dtype)
    assert product(A, B, out) is out
    exact = A.astype(float) @ B.astype(float)
    np.testing.assert_allclose(out, exact, rtol=0, atol=1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("p", SIZES)
def test_transposed_views_are_taken_and_written(m, p):
    rng = np.random.default_rng(0)
    A, B, out = rng.normal(size=(30, m)).T, rng.normal(size=(p, 30)).T, np.full((p + 1, m), np.nan)
    product(A, B, out[:-1].T)
    np.testing.assert_allclose(out[:-1].T, A @ B, rtol=1e-12, atol=1e-14)
    assert np.isnan(out[-1]).all()
