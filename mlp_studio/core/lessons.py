"""The lessons as data. To add one, add a row to `LESSONS`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from mlp_studio.core.config import DataConfig, Experiment, with_settings

_SPIRAL = Experiment(seed=1234, data=DataConfig(source="spiral", rows=1500, classes=3, noise=0.2))


@dataclass(frozen=True, slots=True)
class Lesson:
    """A title, one sentence on what it shows, and the settings that one click makes."""

    title: str
    summary: str
    settings: Mapping[str, object]

    def experiment(self, data: DataConfig | None = None) -> Experiment:
        """The lesson's experiment, on its own spiral or on `data`."""
        experiment = with_settings(_SPIRAL, self.settings)
        return experiment if data is None else replace(experiment, data=data)


LESSONS: Mapping[str, Lesson] = MappingProxyType(
    {
        "linear": Lesson(
            "A linear model fails",
            "Without a non-linear activation, two layers are one: straight wedges, half of the points right.",
            {
                "model.backend": "torch",
                "model.hidden": (100,),
                "model.activation": "linear",
                "model.initialization": "torch_default",
                "split.class_weights": True,
                "train.optimizer": "adam",
                "train.learning_rate": 0.01,
                "train.epochs": 10,
            },
        ),
        "numpy-mlp": Lesson(
            "An MLP from scratch in NumPy",
            "One hidden layer with ReLU, gradients by hand and plain gradient descent solve the spiral.",
            {
                "model.backend": "numpy",
                "model.hidden": (100,),
                "model.activation": "relu",
                "model.initialization": "small_normal",
                "train.optimizer": "sgd",
                "train.learning_rate": 1.0,
                "train.epochs": 1000,
            },
        ),
        "pytorch-mlp": Lesson(
            "The same network in PyTorch",
            "Autograd finds the gradients and Adam gets there in a tenth of the epochs.",
            {
                "model.backend": "torch",
                "model.hidden": (100,),
                "model.activation": "relu",
                "model.initialization": "torch_default",
                "split.class_weights": True,
                "train.optimizer": "adam",
                "train.learning_rate": 0.01,
                "train.epochs": 100,
            },
        ),
    }
)
FIRST_LESSON = "numpy-mlp"
