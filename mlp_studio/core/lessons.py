"""The lessons as data. To add one, add a row to `LESSONS` and its text as `resources/lessons/ID.md`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from mlp_studio.core.config import DataConfig, Experiment, with_settings
from mlp_studio.core.resources import resource

Settings: TypeAlias = Mapping[str, object]  # "section.field" → value

_SPIRAL = Experiment(seed=1234, data=DataConfig(source="spiral", rows=1500, classes=3, noise=0.2))


@dataclass(frozen=True, slots=True)
class Expectation:
    """A figure of a finished run that should lie within low … high; `sentence` says what it means.

    `measure` is a row of `core.verdict.MEASURES`. `run` names the run that is measured ("": the lesson's main
    one); the figure of run `minus` is taken away first, where there is one.
    """

    measure: str
    low: float
    high: float
    sentence: str
    run: str = ""
    minus: str = ""


@dataclass(frozen=True, slots=True)
class TryNext:
    """A change to the lesson's main experiment that one click makes and trains."""

    text: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class LessonRun:
    """One of the runs that a lesson compares: what it is called, and how it differs from the others."""

    title: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a lesson shows, the settings that one click makes, what to look at, and what should come of it.

    `runs` (name → run) are trained on the same data and compared; `main` is the one that is set up in the window.
    A lesson of one run has the run "" alone. `panel` is the dock that setting up brings to the front, `tool` the
    window's command that belongs to it (`tool_on_own`: it works on the experiment, which has to be the lesson's own),
    `probe` the point that is asked about.
    """

    title: str
    summary: str
    level: str
    settings: Settings
    watch: tuple[str, ...]
    try_next: tuple[TryNext, ...]
    expect: tuple[Expectation, ...]
    runs: Mapping[str, LessonRun] = field(default_factory=lambda: {"": LessonRun("", {})})
    main: str = ""
    panel: str = ""
    tool: str = ""
    tool_on_own: bool = False
    side_by_side: bool = False
    probe: tuple[float, ...] = ()
    offers_shuffling: bool = False

    def experiment(self, data: DataConfig | None = None) -> Experiment:
        """The main experiment, on the lesson's own data or on `data`."""
        return self.experiments(data)[self.main]

    def experiments(self, data: DataConfig | None = None) -> dict[str, Experiment]:
        """All experiments by the name of their run."""
        common = with_settings(_SPIRAL, self.settings)
        common = common if data is None else replace(common, data=data)
        return {name: with_settings(common, run.settings) for name, run in self.runs.items()}

    @property
    def compares(self) -> bool:
        """Whether there are several runs."""
        return len(self.runs) > 1


def lesson_text(name: str) -> str:
    """The lesson's explanation, Markdown."""
    return resource(f"lessons/{name}.md").read_text(encoding="utf-8")


BASICS, NETWORK, TRAINING = "First steps", "The network", "Training well"

_TORCH_SETTINGS = {
    "model.backend": "torch",
    "model.hidden": (100,),
    "model.activation": "relu",
    "model.initialization": "torch_default",
    "split.class_weights": True,
    "train.optimizer": "adam",
    "train.learning_rate": 0.01,
    "train.epochs": 100,
}
_SCRATCH_SETTINGS = {
    "model.backend": "numpy",
    "model.hidden": (100,),
    "model.activation": "relu",
    "model.initialization": "small_normal",
    "train.optimizer": "sgd",
    "train.learning_rate": 1.0,
    "train.epochs": 1000,
}
# arms that overlap, and few rows to learn from: here a network can learn the noise, and half of the rows test it
_NOISY_SETTINGS = {
    "data.rows": 600,
    "data.noise": 0.7,
    "split.train": 0.25,
    "split.validation": 0.25,
    "split.test": 0.5,
    "model.backend": "numpy",
    "model.activation": "relu",
    "model.initialization": "he_normal",
    "train.optimizer": "adam",
    "train.learning_rate": 0.01,
}

# Random labels: a run that guesses gets p = 1/3 of the 22 test rows, give or take √(p(1 − p)/n) = 0.10, and only one in
# twenty gets more than p + 1.645 of these. Measured over 40 seeds, here and with the lesson's own few lines of PyTorch
# and scikit-learn: F1 median 0.30, spread 0.09, 0.16 – 0.60. The training accuracy swings from epoch to epoch, too, so
# much that a last digit of the learning rate moves it by 0.05: 0.67 ± 3 · 0.03 over 40 seeds.
_CHANCE, _TEST_ROWS = 1 / 3, 22
_AS_GOOD_AS_CHANCE = round(_CHANCE + 1.645 * math.sqrt(_CHANCE * (1 - _CHANCE) / _TEST_ROWS), 2)

LESSONS: Mapping[str, Lesson] = MappingProxyType(
    {
        "data": Lesson(
            "Look at the data first",
            "1,500 points on three arms: split fairly, labels as numbers, features standardised.",
            BASICS,
            {**_SCRATCH_SETTINGS, "split.class_weights": True, "train.epochs": 100},
            (
                "Data panel, First rows: two features, X1 and X2, and a class.",
                "Classes: a label from 0 and a weight each; every share holds the three classes in equal parts.",
                "Scaling: means 0 and spreads 1 on the training rows, only nearly so on the others.",
            ),
            (
                TryNext("Do not standardise: how does the first epoch change?", {"split.standardize": False}),
                TryNext("Do not stratify: the classes differ between the shares.", {"split.stratify": False}),
                TryNext("More noise: where do the arms run into one another?", {"data.noise": 0.5}),
            ),
            (
                Expectation("train_rows", 1050, 1050, "70 % of the rows train the network"),
                Expectation("test_rows", 225, 225, "Half of the others are kept back for the test"),
                Expectation("class_imbalance", 0, 0, "No class has more training rows than another"),
                Expectation("class_weight", 0.00285, 0.00287, "A class weighs 1 / 350"),
                Expectation("train_mean", 0, 1e-9, "Training features have mean 0"),
                Expectation("train_spread_off", 0, 1e-9, "Training features have spread 1"),
                Expectation("test_mean", 1e-4, 0.25, "Test features were not looked at: their means are only near 0"),
                Expectation("test_spread_off", 1e-4, 0.25, "… and their spreads only near 1"),
            ),
            panel="data",
        ),
        "linear": Lesson(
            "A linear model fails",
            "Without a non-linear activation, two layers are one: straight wedges, half of the points right.",
            BASICS,
            {**_TORCH_SETTINGS, "model.activation": "linear", "train.epochs": 10},
            (
                "The boundary: three wedges with straight edges, on training and test alike.",
                "Both accuracies end near one half; more epochs change little.",
            ),
            (
                TryNext("Ten times as many epochs: is it a matter of time?", {"train.epochs": 100}),
                TryNext("Three linear layers: is it a matter of depth?", {"model.hidden": (100, 100, 100)}),
                TryNext("ReLU in place of linear, 100 epochs.", {"model.activation": "relu", "train.epochs": 100}),
            ),
            (
                Expectation("train_loss", 0.72, 0.82, "The loss stays high"),
                Expectation("train_accuracy", 0.51, 0.58, "About half of the training rows are right"),
                Expectation("test_f1", 0.46, 0.62, "… and about half of the test rows"),
            ),
            side_by_side=True,
        ),
        "activations": Lesson(
            "What an activation does",
            "The same network with four activations: without a bend it cannot follow the arms.",
            BASICS,
            {
                "model.backend": "numpy",
                "model.hidden": (100,),
                "model.initialization": "xavier_normal",
                "train.optimizer": "adam",
                "train.learning_rate": 0.01,
                "train.epochs": 100,
            },
            (
                "Activation explorer, above: every f with its slope f′; move z to where it is flat.",
                "Linear and sigmoid hardly differ after 100 epochs: near zero the sigmoid is almost a line.",
                "ReLU is ahead of tanh: its slope is 1 wherever a unit is on.",
                "Edges: smooth with tanh, made of straight pieces with ReLU.",
            ),
            (
                TryNext("Sigmoid, given 2,000 epochs.", {"model.activation": "sigmoid", "train.epochs": 2000}),
                TryNext("ReLU with learning rate 1: watch units die.", {"train.learning_rate": 1.0}),
                TryNext(
                    "Leaky ReLU with learning rate 1.",
                    {"model.activation": "leaky_relu", "train.learning_rate": 1.0},
                ),
            ),
            (
                Expectation("test_f1", 0.45, 0.65, "Linear stays near one half", "linear"),
                Expectation("test_f1", 0.45, 0.65, "Sigmoid has not got further yet", "sigmoid"),
                Expectation("test_f1", 0.85, 0.97, "Tanh bends around the arms", "tanh"),
                Expectation("test_f1", 0.94, 1, "ReLU has nearly solved it", "relu"),
                Expectation("train_loss", 0.05, 0.25, "ReLU's loss lies below tanh's", "tanh", "relu"),
            ),
            {
                "linear": LessonRun("Linear", {"model.activation": "linear"}),
                "sigmoid": LessonRun("Sigmoid", {"model.activation": "sigmoid"}),
                "tanh": LessonRun("Tanh", {"model.activation": "tanh"}),
                "relu": LessonRun("ReLU", {"model.activation": "relu"}),
            },
            "relu",
            tool="activations",
        ),
        "numpy-mlp": Lesson(
            "An MLP from scratch in NumPy",
            "One hidden layer with ReLU, gradients by hand and plain gradient descent solve the spiral.",
            NETWORK,
            _SCRATCH_SETTINGS,
            (
                "The first loss is ln 3 ≈ 1.099: three equal probabilities, a pure guess.",
                "The boundary starts as wedges and curls up as the loss falls.",
                "Training and validation stay together: nothing is learned by heart.",
                "Math view, above: the six steps with this network's own numbers, before and after training.",
            ),
            (
                TryNext("A learning rate of 0.1: the same way, at a crawl.", {"train.learning_rate": 0.1}),
                TryNext("Only 5 hidden units.", {"model.hidden": (5,)}),
                TryNext("Adam in place of gradient descent.", {"train.optimizer": "adam", "train.learning_rate": 0.01}),
            ),
            (
                Expectation("start_loss", 1.097, 1.101, "It starts at ln 3, a guess among three"),
                Expectation("train_loss", 0.028, 0.045, "The loss falls thirtyfold"),
                Expectation("train_accuracy", 0.992, 1, "Nearly every training row is right"),
                Expectation("test_f1", 0.975, 1, "… and nearly every test row"),
            ),
            tool="math",
        ),
        "pytorch-mlp": Lesson(
            "The same network in PyTorch",
            "Autograd finds the gradients and Adam gets there in a tenth of the epochs.",
            NETWORK,
            _TORCH_SETTINGS,
            (
                "100 epochs instead of 1,000: Adam gives every weight a step size of its own.",
                "The boundary is much like that of the network from scratch.",
                "Twin proof, above: NumPy and PyTorch from the same weights differ by less than 10⁻⁸ after 100 epochs.",
            ),
            (
                TryNext("The same with the NumPy backend: the figures stay.", {"model.backend": "numpy"}),
                TryNext("Gradient descent for 100 epochs.", {"train.optimizer": "sgd", "train.learning_rate": 1.0}),
                TryNext("Batches of 32 rows: 33 steps an epoch.", {"train.batch_size": 32}),
            ),
            (
                Expectation("train_loss", 0.07, 0.13, "The loss is down to a tenth"),
                Expectation("train_accuracy", 0.97, 1, "Nearly every training row is right"),
                Expectation("test_f1", 0.95, 1, "… and nearly every test row"),
            ),
            tool="twin",
            tool_on_own=True,
        ),
        "inference": Lesson(
            "Ask about one point",
            "(0.1, 0.1) on its way through scaler, network and softmax, to a class and a probability.",
            NETWORK,
            _TORCH_SETTINGS,
            (
                "Below the boundary: the point and its three probabilities, which add up to 1.",
                "Click elsewhere: sure on the arms, unsure where colours meet.",
                "Far outside the network is sure too, and has never seen anything there.",
            ),
            (
                TryNext("After 10 epochs only: how sure is it by then?", {"train.epochs": 10}),
                TryNext("With twice the noise: does it become less sure?", {"data.noise": 0.4}),
            ),
            (
                Expectation("p_c1", 0.88, 0.98, "(0.1, 0.1) is c1 with a probability of about nine in ten or more"),
                Expectation("scaled_x1", 0.15, 0.35, "The scaler makes about 0.23 of X1 = 0.1"),
                Expectation("scaled_x2", 0.20, 0.40, "… and about 0.29 of X2 = 0.1"),
            ),
            probe=(0.1, 0.1),
        ),
        "initialization": Lesson(
            "Where the weights start",
            "Zeros, too small, too large, Xavier, He: five starts of one network with three hidden layers.",
            TRAINING,
            {
                "model.backend": "numpy",
                "model.hidden": (50, 50, 50),
                "model.activation": "relu",
                "train.optimizer": "sgd",
                "train.learning_rate": 0.1,
                "train.epochs": 300,
            },
            (
                "Zeros: 50 units that never differ. All get the same gradient, here 0, so none can become special.",
                "Small: activations shrink from layer to layer, and with them the gradients: nothing moves.",
                "Large: activations grow from layer to layer; the first loss is a hundred times that of a guess.",
                "Xavier and He keep the spread about level, so that every layer learns.",
            ),
            (
                TryNext("He with learning rate 1.", {"train.learning_rate": 1.0}),
                TryNext(
                    "Small weights with Adam, which scales steps up again.",
                    {
                        "model.initialization": "small_normal",
                        "train.optimizer": "adam",
                        "train.learning_rate": 0.01,
                    },
                ),
                TryNext(
                    "Small weights, but one hidden layer and learning rate 1.",
                    {"model.initialization": "small_normal", "model.hidden": (100,), "train.learning_rate": 1.0},
                ),
            ),
            (
                Expectation("distinct_units", 1, 1, "Zeros never break the symmetry: all units stay one", "zeros"),
                Expectation("train_accuracy", 0.33, 0.34, "… so they only guess", "zeros"),
                Expectation("activation_ratio", 0, 0.01, "Small weights: the signal is lost", "small_normal"),
                Expectation("train_loss", 1.09, 1.10, "… and the loss stays at ln 3", "small_normal"),
                Expectation("start_loss", 20, 2000, "Large weights: the first loss is huge", "large_normal"),
                Expectation("activation_ratio", 10, 200, "… as the signal grows layer by layer", "large_normal"),
                Expectation("train_loss", 0.05, 0.12, "Xavier learns", "xavier_normal"),
                Expectation("activation_ratio", 0.4, 2.5, "He keeps the signal level", "he_normal"),
                Expectation("train_loss", 0.03, 0.09, "… and learns too", "he_normal"),
            ),
            {
                "zeros": LessonRun("Zeros", {"model.initialization": "zeros"}),
                "small_normal": LessonRun("Small", {"model.initialization": "small_normal"}),
                "large_normal": LessonRun("Large", {"model.initialization": "large_normal"}),
                "xavier_normal": LessonRun("Xavier", {"model.initialization": "xavier_normal"}),
                "he_normal": LessonRun("He", {"model.initialization": "he_normal"}),
            },
            "he_normal",
        ),
        "dropout": Lesson(
            "Dropout",
            "Half of the hidden units are switched off at random in each step: less is learned by heart.",
            TRAINING,
            {**_NOISY_SETTINGS, "model.hidden": (100, 100), "train.epochs": 500},
            (
                "Without: the training loss goes to nearly 0 while the validation loss climbs.",
                "With: the curves stay close together; the training loss jitters, as every step drops other units.",
                "Both boundaries are drawn with all units on: dropout is for training only.",
                "Uncertainty, above: veiled where 30 passes with dropout on disagree.",
            ),
            (
                TryNext("A little dropout, 0.1.", {"model.dropout": 0.1}),
                TryNext("Very much dropout, 0.9.", {"model.dropout": 0.9}),
                TryNext("Weight decay instead: L2 of 0.01.", {"model.dropout": 0.0, "train.l2": 0.01}),
            ),
            (
                Expectation("loss_gap", 1.2, 6.0, "Without dropout the test loss is far above training", "without"),
                Expectation("loss_gap", 0.5, 5.0, "… and dropout narrows that gap", "without", "with"),
                Expectation("test_loss", 0.5, 5.0, "Dropout lowers the test loss", "without", "with"),
                Expectation("train_accuracy", 0.90, 1, "Without: training rows known by heart", "without"),
                Expectation("test_accuracy", 0.73, 0.90, "With: most of the test rows are right", "with"),
            ),
            {
                "without": LessonRun("Without dropout", {"model.dropout": 0.0}),
                "with": LessonRun("Dropout 0.5", {"model.dropout": 0.5}),
            },
            "with",
            tool="uncertainty",
            tool_on_own=True,
        ),
        "overfitting": Lesson(
            "Random labels: learned by heart",
            "Labels that mean nothing: a large network gets two thirds of its training rows, and test by chance.",
            TRAINING,
            {
                "data.source": "random",
                "data.rows": 150,
                "model.backend": "torch",
                "model.hidden": (302,),
                "model.activation": "relu",
                "model.initialization": "torch_default",
                "model.dropout": 0.1,
                "split.class_weights": True,
                "train.optimizer": "adam",
                "train.learning_rate": 0.1,
                "train.epochs": 500,
            },
            (
                "The training accuracy climbs far above 1/3, the validation accuracy does not.",
                "The validation loss grows: the network becomes sure of what is not so.",
                "Regions in scraps, around single points.",
            ),
            (
                TryNext(
                    "Without dropout and at 0.01, for 3,000 epochs: still more by heart.",
                    {"model.dropout": 0.0, "train.learning_rate": 0.01, "train.epochs": 3000},
                ),
                TryNext("Only 3 hidden units.", {"model.hidden": (3,)}),
                TryNext("Ten times as many rows: harder to know by heart.", {"data.rows": 1500}),
            ),
            (
                Expectation("train_accuracy", 0.58, 0.76, "Two thirds of the training rows are known by heart"),
                Expectation("test_f1", 0.09, _AS_GOOD_AS_CHANCE, "The test comes out by chance, or worse"),
                Expectation("accuracy_gap", 0.12, 0.65, "What was learned does not carry over to new rows"),
            ),
            offers_shuffling=True,
        ),
        "fit": Lesson(
            "Underfit, good fit, overfit",
            "Three networks on the same noisy data: too simple, about right, far too free.",
            TRAINING,
            _NOISY_SETTINGS,
            (
                "Underfit: high loss on training and validation alike.",
                "Good fit: both low, and close together.",
                "Overfit: the training loss goes to 0, the validation loss turns and climbs.",
            ),
            (
                TryNext(
                    "The large network with early stopping.",
                    {"model.hidden": (200, 200), "train.epochs": 500, "train.early_stopping": 20},
                ),
                TryNext(
                    "The large network with ten times the data.",
                    {"model.hidden": (200, 200), "train.epochs": 500, "data.rows": 6000},
                ),
                TryNext("Ten hidden units.", {"model.hidden": (10,), "train.epochs": 300}),
            ),
            (
                Expectation("train_accuracy", 0.45, 0.75, "Underfit: poor on the rows it learns from", "underfit"),
                Expectation("accuracy_gap", -0.12, 0.15, "… and as poor on new ones", "underfit"),
                Expectation("test_accuracy", 0.72, 0.90, "Good fit: right on most of the new rows", "good"),
                Expectation("loss_gap", -0.10, 0.50, "… with a test loss near that of training", "good"),
                Expectation("train_accuracy", 0.95, 1, "Overfit: all training rows by heart", "overfit"),
                Expectation("loss_gap", 1.2, 6.0, "… and a test loss far above", "overfit"),
                Expectation("test_loss", 0.5, 5.0, "Overfit tests worse than the good fit", "overfit", "good"),
            ),
            {
                "underfit": LessonRun("Underfit: 3 units", {"model.hidden": (3,), "train.epochs": 300}),
                "good": LessonRun("Good fit: 100 units", {"model.hidden": (100,), "train.epochs": 100}),
                "overfit": LessonRun("Overfit: 200, 200", {"model.hidden": (200, 200), "train.epochs": 500}),
            },
            "good",
        ),
    }
)
FIRST_LESSON = "numpy-mlp"
