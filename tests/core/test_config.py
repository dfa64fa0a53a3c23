import math
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import (
    PRECISIONS,
    SECTIONS,
    Experiment,
    Knob,
    SplitConfig,
    checked,
    knobs,
    live_only,
    parse_setting,
    with_setting,
    with_settings,
    with_share,
)
from mlp_studio.core.derive import DERIVATIONS
from mlp_studio.core.errors import ConfigError
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.sources import SOURCES

DEFAULT = Experiment()
REGISTRIES = {
    "data.source": SOURCES,
    "split.derived": DERIVATIONS,
    "model.backend": BACKENDS,
    "model.activation": ACTIVATIONS,
    "model.initialization": INITIALIZERS,
    "train.optimizer": OPTIMIZERS,
}
REFUSED = {  # of every kind, what it cannot take
    "choice": ["nonsense", 3, None, ["relu"], "ReLU"],
    "choices": ["nonsense", 3, None, ["square", "relu"], "square;product"],
    "flag": ["perhaps", 2, None, ""],
    "whole": ["many", "", 1.5, "1.5", math.nan, math.inf, None, True],
    "number": ["much", "", math.nan, math.inf, "-inf", None, "0,5"],
    "layers": ["", (), "0", "513", "10,,0", "a", "1,2,3,4,5,6,7", (8, 2.5), -3],
}


def settings():
    """Every setting by its path, with its knob and its default."""
    found = {"seed": (knobs(Experiment)["seed"], DEFAULT.seed)}
    for section in SECTIONS:
        values = getattr(DEFAULT, section)
        found |= {f"{section}.{name}": (knob, getattr(values, name)) for name, knob in knobs(values).items()}
    return found


def value_of(experiment, path):
    section, _, name = path.rpartition(".")
    return getattr(getattr(experiment, section) if section else experiment, name)


def kind_of(knob, default):
    if knob.choices is not None:
        return "choices" if isinstance(default, tuple) else "choice"
    if isinstance(default, bool):
        return "flag"
    if isinstance(default, tuple):
        return "layers" if knob.low is not None else "names"
    return {int: "whole", float: "number", str: "text"}[type(default)]


def another(knob, default):
    """A value other than the default that the knob takes."""
    match kind_of(knob, default):
        case "choice":
            return next(name for name in knob.choices() if name != default)
        case "choices":
            return tuple(knob.choices())[:2]
        case "flag":
            return not default
        case "layers":
            return (64, 32)
        case "names":
            return ("width", "height")
        case "text":
            return "somewhere/else.csv"
        case "whole":
            return default + 1
        case "number":
            return knob.high if default != knob.high else knob.low
    raise AssertionError(default)


def text(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


SETTINGS = settings()
EVERY = pytest.mark.parametrize("path", SETTINGS)
NUMERIC = [path for path, (knob, default) in SETTINGS.items() if kind_of(knob, default) in ("whole", "number")]


# --- what every knob has ----------------------------------------------------------------------------------


def test_every_field_of_every_section_has_a_knob():
    for section in SECTIONS:
        config = getattr(DEFAULT, section)
        assert set(knobs(config)) == {field.name for field in fields(config)}
    assert {field.name for field in fields(Experiment)} == {"seed", *SECTIONS}


@EVERY
def test_every_knob_says_what_it_is_and_does(path):
    knob, _ = SETTINGS[path]
    assert knob.label
    assert knob.help.endswith(".")


@EVERY
def test_every_control_of_the_form_has_a_range_choices_or_is_on_or_off(path):
    knob, default = SETTINGS[path]
    kind = kind_of(knob, default)
    if kind in ("choice", "choices"):
        assert len(knob.choices()) > 1
    elif kind in ("whole", "number", "layers"):
        assert knob.low < knob.high
        assert knob.span
    else:
        assert kind == "flag" or not knob.form


@EVERY
def test_every_default_is_a_value_that_its_knob_takes(path):
    knob, default = SETTINGS[path]
    taken = checked(knob, default, type(default))
    assert taken == default
    assert type(taken) is type(default)


@pytest.mark.parametrize("path", REGISTRIES)
def test_every_registry_entry_is_offered_and_stored_by_its_name(path):
    knob, _ = SETTINGS[path]
    assert knob.choices() == {name: entry.label for name, entry in REGISTRIES[path].items()}
    is_one = isinstance(value_of(DEFAULT, path), str)
    for name in REGISTRIES[path]:
        assert value_of(with_setting(DEFAULT, path, name), path) == (name if is_one else (name,))


def test_several_choices_are_one_value_whatever_their_order_and_however_often_they_are_named():
    several = with_setting(DEFAULT, "split.derived", "product,square, product")
    assert several.split.derived == ("square", "product")
    assert several == with_setting(DEFAULT, "split.derived", ["square", "product"])


def test_precisions_are_names_that_numpy_knows():
    assert {np.dtype(name).name for name in PRECISIONS} == set(PRECISIONS)


def test_a_span_tells_the_range_and_what_zero_means():
    assert Knob("L", "H", low=0, high=1_000_000, zero="full batch").span == "0 to 1,000,000; 0: full batch"
    assert Knob("L", "H", low=1e-7, high=0.5).span == "1e-07 to 0.5"
    assert Knob("L", "H").span == ""


# --- setting values ---------------------------------------------------------------------------------------


@EVERY
def test_a_setting_replaces_its_own_value_and_nothing_else(path):
    knob, default = SETTINGS[path]
    value = another(knob, default)
    changed = with_setting(DEFAULT, path, value)
    assert value_of(changed, path) == value != default
    assert with_setting(changed, path, default) == DEFAULT


@EVERY
def test_a_setting_typed_as_text_gives_the_same_value(path):
    knob, default = SETTINGS[path]
    for value in (default, another(knob, default)):
        expected = with_setting(DEFAULT, path, value)
        assert parse_setting(DEFAULT, f"{path}={text(value)}") == expected
        assert parse_setting(DEFAULT, f"  {path} =  {text(value)} ") == expected


@pytest.mark.parametrize("path", NUMERIC)
def test_both_ends_of_a_range_belong_to_it_and_what_lies_beyond_is_refused(path):
    knob, default = SETTINGS[path]
    for end in (knob.low, knob.high):
        assert value_of(with_setting(DEFAULT, path, end), path) == end
    step = 1 if isinstance(default, int) else 1e-9
    for beyond in (knob.low - step, knob.high + step):
        with pytest.raises(ConfigError, match=f"^{knob.label} goes from .* is outside"):
            with_setting(DEFAULT, path, beyond)


@EVERY
def test_values_of_the_wrong_kind_are_refused_with_a_sentence_that_names_the_control(path):
    knob, default = SETTINGS[path]
    for value in REFUSED.get(kind_of(knob, default), []):
        with pytest.raises(ConfigError) as caught:
            with_setting(DEFAULT, path, value)
        assert str(caught.value).startswith(knob.label)
        assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("model.hidden", "64,0", "Hidden layers goes from 1 to 512; 0 is outside."),
        ("model.hidden", "8,8,8,8,8,8,8", "Hidden layers: give 1 to 6 layers, such as 100 or 64,32; not 7."),
        ("train.epochs", "2.5", "Epochs takes a whole number from 1 to 10,000,000; “2.5” is none."),
        ("seed", 2**31, "Seed goes from 0 to 2,147,483,647; 2,147,483,648 is outside."),
        ("model.dropout", "half", "Dropout takes a number from 0 to 0.9; “half” is none."),
        ("split.stratify", "perhaps", "Stratify is on or off; “perhaps” is neither."),
        ("train.precision", "float16", "Precision is one of float32, float64; “float16” is not."),
        (
            "split.derived",
            "square,cube",
            "Derived inputs are any of square, product, absolute, sine, cosine, radius; “cube” is not.",
        ),
        (
            "model.width",
            3,
            "“model” has no setting “width”; choose backend, hidden, activation, initialization or dropout.",
        ),
        ("layers.hidden", 3, "There is no section “layers”; choose data, split, model or train."),
        ("hidden", 3, "There is no section “hidden”; choose data, split, model or train."),
    ],
)
def test_refusals_say_what_would_be_right(path, value, sentence):
    with pytest.raises(ConfigError) as caught:
        with_setting(DEFAULT, path, value)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("words", ["model.hidden", "", "model.hidden:64"])
def test_a_setting_without_an_equal_sign_is_explained(words):
    with pytest.raises(ConfigError, match=r"is not of the form section\.field=value, such as model.hidden=64,32"):
        parse_setting(DEFAULT, words)


@pytest.mark.parametrize(
    ("word", "value"), [("yes", True), ("ON", True), ("1", True), ("False", False), ("off", False)]
)
def test_on_and_off_have_several_words(word, value):
    assert parse_setting(DEFAULT, f"split.stratify={word}").split.stratify is value


@pytest.mark.parametrize("value", ["64, 32", "64,32,", (64, 32), [64, 32], ["64", 32.0]])
def test_layers_may_be_given_in_several_ways(value):
    assert with_setting(DEFAULT, "model.hidden", value).model.hidden == (64, 32)


def test_one_layer_may_be_given_as_a_number():
    assert with_setting(DEFAULT, "model.hidden", 7).model.hidden == (7,)


@pytest.mark.parametrize("value", ["1e3", "1_000", 1000.0])
def test_whole_numbers_may_be_written_in_several_ways(value):
    epochs = with_setting(DEFAULT, "train.epochs", value).train.epochs
    assert (epochs, type(epochs)) == (1000, int)


def test_several_settings_are_made_at_once():
    changed = with_settings(DEFAULT, {"seed": 9, "model.hidden": "8", "train.l1": 0.5})
    assert (changed.seed, changed.model.hidden, changed.train.l1) == (9, (8,), 0.5)


def test_configs_are_frozen_and_equal_by_value():
    with pytest.raises(FrozenInstanceError):
        DEFAULT.model.dropout = 0.5
    assert Experiment() == DEFAULT
    assert hash(DEFAULT) == hash(Experiment())


# --- shares -----------------------------------------------------------------------------------------------


def test_the_test_share_takes_what_training_and_validation_leave():
    assert with_share(SplitConfig(), "train", 0.6) == SplitConfig(train=0.6, validation=0.15, test=0.25)
    assert with_share(SplitConfig(), "validation", 0.2) == SplitConfig(train=0.7, validation=0.2, test=0.1)


def test_validation_gives_way_where_nothing_is_left_for_testing():
    assert with_share(SplitConfig(), "train", 0.9) == SplitConfig(train=0.9, validation=0.1, test=0.0)


def test_training_takes_what_the_test_share_leaves():
    assert with_share(SplitConfig(), "test", 0.3) == SplitConfig(train=0.55, validation=0.15, test=0.3)


def test_shares_always_add_up_and_stay_in_range():
    rng = np.random.default_rng(0)
    split, changed = SplitConfig(), 0
    for _ in range(3000):
        name = str(rng.choice(["train", "validation", "test"]))
        knob = knobs(SplitConfig)[name]
        value = round(float(rng.uniform(knob.low, knob.high)), 2)
        try:
            split = with_share(split, name, value)
        except ConfigError:
            continue
        changed += 1
        assert split.train + split.validation + split.test == pytest.approx(1, abs=1e-9)
        for share in ("train", "validation", "test"):
            checked(knobs(SplitConfig)[share], getattr(split, share), float)
    assert changed > 1000


@pytest.mark.parametrize(("name", "value"), [("train", 0.0), ("train", 0.96), ("test", -0.1), ("test", 0.9)])
def test_shares_out_of_range_or_that_leave_nothing_to_train_on_are_refused(name, value):
    with pytest.raises(ConfigError, match="is outside"):
        with_share(SplitConfig(), name, value)


# --- live settings ----------------------------------------------------------------------------------------


@EVERY
def test_a_running_training_takes_over_live_settings_and_no_others(path):
    knob, default = SETTINGS[path]
    assert live_only(DEFAULT, with_setting(DEFAULT, path, another(knob, default))) == knob.live


def test_a_live_setting_does_not_hide_another_that_is_not():
    both = with_settings(DEFAULT, {"train.learning_rate": 0.5, "train.optimizer": "sgd"})
    assert not live_only(DEFAULT, both)
    assert live_only(DEFAULT, DEFAULT)
    assert not live_only(DEFAULT, replace(DEFAULT, seed=1))
