"""Painted points: what the tools do to a canvas, the way back, and the shares that points keep."""

from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core.config import DataConfig, Experiment, SplitConfig, parse_setting
from mlp_studio.core.errors import DataError
from mlp_studio.core.painting import (
    MOST_CLASSES,
    MOST_POINTS,
    Canvas,
    add,
    canvas_of,
    cleared,
    dab,
    dataset_of,
    erase,
    from_text,
    is_paintable,
    move,
    nearest,
    new_class,
    sample_canvas,
    tickets,
    to_text,
    under,
)
from mlp_studio.core.prepare import prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.settings import experiment_of, settings_of
from mlp_studio.core.sources import load_dataset

SPLIT = SplitConfig()
SPLITS = (
    SPLIT,
    SplitConfig(0.5, 0.25, 0.25),
    SplitConfig(0.6, 0.4, 0.0),
    SplitConfig(0.8, 0.0, 0.2),
    SplitConfig(0.333, 0.333, 0.334),
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def canvas(rng):
    return sample_canvas(rng)


def same(one, other):
    return (
        np.array_equal(one.X, other.X)
        and np.array_equal(one.y, other.y)
        and np.array_equal(one.tickets, other.tickets)
        and (one.class_names, one.feature_names) == (other.class_names, other.feature_names)
    )


def prepared_of(canvas, split=SPLIT, scaler=None):
    return prepare(dataset_of(canvas), split, np.random.default_rng(0), scaler)


def share_of(prepared):
    """Each row's share by its place, (x, y) → name."""
    data = prepared.dataset
    return {tuple(data.X[row]): name for name, part in prepared.parts.items() for row in part.rows}


# --- tools ----------------------------------------------------------------------------------------------------------


def test_added_points_stand_at_the_end_with_their_class(canvas):
    more = add(canvas, np.array([[5.0, 6.0], [7.0, 8.0]]), 1)
    assert len(more) == len(canvas) + 2
    assert np.array_equal(more.X[:-2], canvas.X)
    assert more.X[-2:].tolist() == [[5, 6], [7, 8]]
    assert more.y[-2:].tolist() == [1, 1]
    assert not more.X.flags.writeable


def test_a_canvas_takes_as_many_points_as_are_drawn(canvas):
    full = add(canvas, np.zeros((MOST_POINTS, 2)), 0)
    assert len(full) == MOST_POINTS
    assert len(add(full, np.zeros((3, 2)), 0)) == MOST_POINTS


def test_a_dab_begins_at_its_centre_and_stays_within_the_brush(rng):
    centre, radius = np.array([2.0, -1.0]), np.array([0.5, 0.1])
    places = dab(centre, radius, 400, rng)
    assert places[0].tolist() == centre.tolist()
    gaps = (((places - centre) / radius) ** 2).sum(axis=1)
    assert gaps.max() <= 1
    # evenly over the ellipse: half of it lies within 1 / √2 of its radius
    assert abs((gaps < 0.5).mean() - 0.5) < 0.08


def test_the_eraser_takes_what_is_under_it_and_nothing_else(canvas):
    centre, radius = np.array([0.0, 1.0]), np.array([0.3, 0.5])
    gone = under(canvas, centre, radius)
    inside = (((canvas.X - centre) / radius) ** 2).sum(axis=1) <= 1
    assert 0 < len(gone) < len(canvas)
    rest = erase(canvas, gone)
    assert np.array_equal(rest.X, canvas.X[~inside])
    assert np.array_equal(rest.tickets, canvas.tickets[~inside])
    assert erase(canvas, under(canvas, np.array([90.0, 90.0]), radius)) is canvas


def test_nearest_is_one_point_within_reach_or_none(canvas):
    place = canvas.X[17] + 1e-6
    assert nearest(canvas, place, np.array([0.1, 0.1])).tolist() == [17]
    assert len(nearest(canvas, np.array([50.0, 50.0]), np.array([0.1, 0.1]))) == 0
    assert len(nearest(cleared(canvas), place, np.array([0.1, 0.1]))) == 0


def test_moved_points_keep_class_and_share(canvas):
    moved = move(canvas, np.array([3, 5]), np.array([1.0, -2.0]))
    assert np.array_equal(moved.X[[3, 5]], canvas.X[[3, 5]] + [1, -2])
    others = np.setdiff1d(np.arange(len(canvas)), [3, 5])
    assert np.array_equal(moved.X[others], canvas.X[others])
    assert np.array_equal(moved.y, canvas.y)
    assert np.array_equal(moved.tickets, canvas.tickets)


def test_a_new_class_takes_the_first_free_name_and_counts_from_its_first_point_on(canvas):
    named = replace(canvas, class_names=("c3", "b"))
    more = new_class(named)
    assert more.class_names == ("c3", "b", "c4")
    assert dataset_of(more).class_names == ("c3", "b")
    assert dataset_of(add(more, np.zeros((1, 2)), 2)).class_names == ("c3", "b", "c4")


def test_more_classes_than_can_be_painted_are_refused(canvas):
    while len(canvas.class_names) < MOST_CLASSES:
        canvas = new_class(canvas)
    with pytest.raises(DataError, match=r"^20 classes are the most"):
        new_class(canvas)


# --- shares -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", SPLITS)
def test_data_keep_their_shares_when_they_become_a_canvas(split):
    data = load_dataset(DataConfig(rows=311), generator(3, Stream.DATA))
    before = prepare(data, split, generator(3, Stream.SPLIT))
    after = prepared_of(canvas_of(before, split), split)
    assert np.array_equal(after.dataset.X, data.X)
    assert share_of(after) == share_of(before)
    assert np.allclose(after.scaler.mean, before.scaler.mean)


@pytest.mark.parametrize("split", SPLITS)
def test_points_that_come_and_go_move_no_other_to_another_share(split, rng):
    canvas = sample_canvas(rng)
    before = share_of(prepared_of(canvas, split))
    more = add(erase(canvas, np.arange(0, 40, 3)), rng.normal(0, 1, (25, 2)), 0)
    after = share_of(prepared_of(more, split))
    assert len(before.keys() & after.keys()) == len(canvas) - 14
    assert all(before[place] == after[place] for place in before.keys() & after.keys())


@pytest.mark.parametrize("split", SPLITS)
def test_each_class_is_shared_out_as_asked(split, rng):
    canvas = Canvas(np.empty((0, 2)), np.empty(0), np.empty(0), ("a", "b", "c"))
    for count, label in ((200, 0), (57, 1), (20, 2)):
        canvas = add(canvas, rng.normal(0, 1, (count, 2)), label)
    prepared = prepared_of(canvas, split)
    for label, count in enumerate((200, 57, 20)):
        shares = [np.count_nonzero(part.y == label) for part in prepared.parts.values()]
        asked = np.array([split.train, split.validation, split.test]) * count
        assert sum(shares) == count
        assert np.abs(shares - asked).max() <= 2  # the golden ratio's discrepancy for so few


def test_the_first_point_of_a_class_is_trained_on():
    assert tickets(0, 1).tolist() == [0.0]
    assert tickets(0, 2000).max() < 1


def test_given_scaling_is_kept(canvas):
    before = prepared_of(canvas)
    after = prepared_of(add(canvas, np.array([[500.0, 500.0]]), 0), scaler=before.scaler)
    assert after.scaler is before.scaler
    assert np.array_equal(after.train.X, before.scaler(after.dataset.X[after.train.rows]))


# --- as a setting -------------------------------------------------------------------------------------------------


def test_a_canvas_comes_back_from_its_text_exactly(rng):
    canvas = add(replace(sample_canvas(rng), class_names=("ä, “x”", "<b>", "rest")), rng.normal(0, 1e-9, (9, 2)), 2)
    assert same(from_text(to_text(canvas)), canvas)


def test_the_experiment_with_its_points_goes_through_settings_and_command_line(canvas):
    data = DataConfig(source="painted", drawing=to_text(canvas))
    experiment = Experiment(data=data)
    assert experiment_of(settings_of(experiment), Experiment()) == experiment
    parsed = parse_setting(parse_setting(Experiment(), "data.source=painted"), f"data.drawing={data.drawing}")
    assert parsed == experiment
    loaded = load_dataset(parsed.data, generator(0, Stream.DATA))
    assert np.array_equal(loaded.X, canvas.X)
    assert np.array_equal(loaded.tickets, canvas.tickets)


def test_a_column_is_a_list_of_numbers_or_packed():
    packed = GOOD.replace('"x":[1]', '"x":"AAAAAAAA8D8="')
    assert packed != GOOD
    assert same(from_text(packed), from_text(GOOD))


def test_no_points_are_one_sentence():
    with pytest.raises(DataError, match=r"^No points have been painted: turn on Paint"):
        load_dataset(DataConfig(source="painted"), generator(0, Stream.DATA))


GOOD = '{"features":["a","b"],"classes":["k"],"x":[1],"y":[2],"class":[0],"ticket":[0.5]}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "[" * 100_000,
        GOOD.replace('"x":[1]', '"x":[1,2]'),
        GOOD.replace('"x":[1]', '"x":["1"]'),
        GOOD.replace('"x":[1]', '"x":[NaN]'),
        GOOD.replace('"x":[1]', '"x":[1e999]'),
        GOOD.replace('"x":[1]', f'"x":[1{"0" * 400}]'),
        GOOD.replace('"x":[1]', '"x":1'),
        GOOD.replace('"x":[1],', ""),
        GOOD.replace('"class":[0]', '"class":[1]'),
        GOOD.replace('"class":[0]', '"class":[0.5]'),
        GOOD.replace('"class":[0]', '"class":[-1]'),
        GOOD.replace('"ticket":[0.5]', '"ticket":[1]'),
        GOOD.replace('"ticket":[0.5]', '"ticket":[-0.1]'),
        GOOD.replace('["a","b"]', '["a"]'),
        GOOD.replace('"x":[1]', '"x":"AAAAAAAA8D8"'),
        GOOD.replace('"x":[1]', '"x":"AAAAAAAA8D8!"'),
        GOOD.replace('"x":[1]', '"x":"AAAA"'),
        GOOD.replace('"x":[1]', '"x":"AAAAAAAA+H8="'),
        GOOD.replace('"x":[1]', '"x":"é"'),
        GOOD.replace('["k"]', "[3]"),
    ],
)
def test_a_text_that_holds_no_canvas_is_one_sentence(text):
    assert len(from_text(GOOD)) == 1
    with pytest.raises(DataError, match=r"^The painted points cannot be read"):
        from_text(text)


def test_only_few_rows_of_two_features_can_be_painted_on():
    two = prepare(load_dataset(DataConfig(rows=90), generator(0, Stream.DATA)), SPLIT, generator(0, Stream.SPLIT))
    many = load_dataset(DataConfig(rows=MOST_POINTS + 1), generator(0, Stream.DATA))
    assert is_paintable(two)
    assert not is_paintable(prepare(many, SPLIT, generator(0, Stream.SPLIT)))
    wide = replace(two.dataset, X=np.zeros((90, 3)), feature_names=("a", "b", "c"))
    assert not is_paintable(prepare(wide, SPLIT, generator(0, Stream.SPLIT)))
