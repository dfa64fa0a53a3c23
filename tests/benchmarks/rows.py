"""The rows of the table: one a benchmark. To add one, add its row here and its figure to a measurement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured, against what, and what it should come to.

    `source` is the "module:function" that measures it, in a process of its own, together with the other rows that
    name it; `figure` is which of its figures this one is. `value` makes one number of the rounds' samples.
    """

    name: str
    against: str
    target: float
    source: str
    figure: str
    at_least: bool = True
    unit: str = "×"
    value: Callable[[Sequence[float]], float] = median

    def meets(self, value: float) -> bool:
        """Whether a value is where it should be."""
        return value >= self.target if self.at_least else value <= self.target


FULL, MINI, WIDE = "training:full_batch", "training:mini_batches", "training:wide"
TEXTBOOK, USUAL, SCIKIT = "textbook NumPy loop, float64", "usual PyTorch loop", "scikit-learn"

ROWS = (
    Row("NumPy epoch, full batch, float32", TEXTBOOK, 4.0, "training:against_textbook", "float32"),
    Row("NumPy epoch, full batch, float64", TEXTBOOK, 2.0, "training:against_textbook", "float64"),
    Row("the same, PyTorch imported, float32", TEXTBOOK, 4.0, "training:beside_torch", "float32"),
    Row("the same, PyTorch imported, float64", TEXTBOOK, 2.0, "training:beside_torch", "float64"),
    Row("NumPy epoch, full batch, float32", "scikit-learn, sgd, float32", 3.0, FULL, "scikit-learn"),
    Row("PyTorch epoch, full batch", USUAL, 1.5, FULL, "torch"),
    Row("NumPy epoch, batches of 32", TEXTBOOK, 1.5, MINI, "numpy"),
    Row("PyTorch epoch, batches of 32", USUAL, 1.3, MINI, "torch"),
    Row("NumPy epoch, wide network", SCIKIT, 1.0, WIDE, "numpy scikit-learn"),
    Row("NumPy epoch, wide network", USUAL, 1.0, WIDE, "numpy usual"),
    Row("PyTorch epoch, wide network", SCIKIT, 1.0, WIDE, "torch scikit-learn"),
    Row("PyTorch epoch, wide network", USUAL, 1.0, WIDE, "torch usual"),
    Row("regions, 200 × 200", "forward() on the float64 mesh", 2.0, "raster:against_forward", "raster"),
    Row(
        "regions, 100 × 100, x² and x·y of 30 features",
        "the 30 features alone",
        1.5,
        "raster:derived_inputs",
        "squares and products",
        at_least=False,
    ),
    Row("training speed beside the repainting window", "headless", 0.9, "live:tax", "share"),
    Row("boundary repaints a second meanwhile", "–", 25.0, "live:tax", "repaints", unit="/s"),
    Row("event-loop delay while training, p99", "–", 16.0, "live:smoothness", "p99", at_least=False, unit="ms"),
    Row(
        "event-loop delay while training, longest",
        "–",
        50.0,
        "live:smoothness",
        "longest",
        at_least=False,
        unit="ms",
        value=max,
    ),
    Row("click → probabilities, while training", "–", 50.0, "live:answers", "click", at_least=False, unit="ms"),
    Row("Stop → stopped", "–", 100.0, "live:answers", "stop", at_least=False, unit="ms"),
    Row("start → painted, responsive window", "bare window", 1.5, "startup:against_bare", "ratio", at_least=False),
    Row(
        "first Train with PyTorch, longest stall",
        "–",
        50.0,
        "first_train:stalls",
        "longest",
        at_least=False,
        unit="ms",
        value=max,
    ),
    Row("noise dragged, 1,500 rows, longest stall", "–", 50.0, "sliding:stalls", "usual", at_least=False, unit="ms"),
    Row("noise dragged, 5,000 rows, longest stall", "–", 50.0, "sliding:stalls", "most", at_least=False, unit="ms"),
    Row("100,000 epochs, memory", "1,000 epochs", 20.0, "soak:epochs", "memory", at_least=False, unit="MB more"),
    Row("100,000 epochs, GUI time a frame", "1,000 epochs", 1.5, "soak:epochs", "frame", at_least=False),
    Row("100,000 epochs, columns drawn exactly", "every epoch", 100.0, "soak:epochs", "exact", unit="%", value=min),
    Row("100,000 points, panning", "1,000 points", 3.0, "points:panning", "ratio", at_least=False),
    *(
        Row(
            f"test accuracy on {name}, read from five dialects",
            f"{SCIKIT}, same layers",
            -2.0,
            "tables:accuracy",
            name,
            unit="points",
        )
        for name in ("iris", "wine", "breast_cancer", "digits")
    ),
)
