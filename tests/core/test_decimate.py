"""Thinning keeps what matters: the lowest and highest value of every pixel column, wherever one looks."""

import math

import numpy as np
import pytest

from mlp_studio.core.decimate import BLOCK, Thinner


def thinner(values, pieces=(), above=-math.inf):
    made = Thinner(above)
    for stop in (*sorted(pieces), len(values)):
        made.extend(values[:stop])
    return made


def test_where_there_is_room_the_values_themselves_are_drawn():
    values = np.random.default_rng(0).random(500)
    x, y = thinner(values).visible(1, 500, 400)
    assert np.array_equal(x, np.arange(1, 501))
    assert np.array_equal(y, values)


def test_a_part_is_drawn_with_one_value_beyond_each_edge():
    values = np.arange(100.0)
    x, y = thinner(values).visible(10.2, 20.7, 400)
    assert np.array_equal(x, np.arange(10, 22))  # 11…20 are visible
    assert np.array_equal(y, values[9:21])


@pytest.mark.parametrize(("first", "last"), [(0, 50_000), (17, 40_123.5), (3_000.4, 3_100), (49_990, 60_000)])
@pytest.mark.parametrize("columns", [64, 400, 1000])
def test_every_column_keeps_its_extremes(first, last, columns):
    rng = np.random.default_rng(1)
    values = rng.standard_normal(50_000)
    values[rng.integers(0, 50_000, 3_000)] = np.nan
    assert_extremes_kept(values, thinner(values), first, last, columns)


def assert_extremes_kept(values, made, first, last, columns):
    """The picture is true to a pixel column.

    What is drawn are values of the series, none further than half a column from its place, and the extremes of
    each column are drawn there or beside it.
    """
    x, y = made.visible(first, last, columns)
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    epochs = np.arange(1, len(values) + 1)
    width = max(1.0, (last - first) / columns)
    for place, value in zip(x, y, strict=True):
        near = values[max(0, math.ceil(place - width / 2) - 1) : math.floor(place + width / 2)]
        assert value in near
    shown = (epochs >= first) & (epochs <= last) & np.isfinite(values)
    column = np.floor((epochs - first) / width)
    for place in np.unique(column[shown]):
        inside = values[shown & (column == place)]
        near = y[np.abs(x - first - (place + 0.5) * width) <= 1.5 * width]
        assert near.min() <= inside.min()
        assert near.max() >= inside.max()


ODD = np.array([math.nan, math.inf, -math.inf, 0.0, 1e6, -1e6])


@pytest.mark.parametrize("seed", range(300))
def test_extremes_are_kept_for_any_numbers_view_and_history(seed):
    rng = np.random.default_rng(seed)
    values = np.round(rng.standard_normal(rng.integers(1, 700)), rng.integers(0, 4))
    odd = rng.random(len(values)) < rng.choice([0.0, 0.02, 0.5, 1.0])
    values[odd] = rng.choice(ODD, odd.sum())
    made = thinner(values, rng.integers(0, len(values) + 1, rng.integers(0, 5)))
    first = rng.uniform(-20, len(values))
    last = first + rng.uniform(0.5, len(values) + 50)
    usable = np.where(np.isfinite(values), values, np.nan)
    assert_extremes_kept(usable, made, first, last, int(rng.integers(1, 40)))
    assert made.gapless == bool(np.isfinite(values).all())


def test_grown_bit_by_bit_is_the_same_as_at_once():
    values = np.random.default_rng(2).random(20_000)
    values[5_000:5_040] = np.nan
    step_by_step, at_once = thinner(values, range(0, 20_000, 333)), thinner(values)
    for view in ((0, 20_000, 300), (4_900, 5_200, 300), (100, 15_000, 90)):
        for grown, whole in zip(step_by_step.visible(*view), at_once.visible(*view), strict=True):
            assert np.array_equal(grown, whole, equal_nan=True)


def test_what_is_drawn_of_the_beginning_stays_when_the_series_grows():
    values = np.random.default_rng(3).random(40_000)
    made = thinner(values[:20_000])
    before = made.visible(0, 50_000, 400)
    made.extend(values)
    after = made.visible(0, 50_000, 400)
    settled = len(before[0]) - 2  # the last run was under way
    assert np.array_equal(before[0][:settled], after[0][:settled])
    assert np.array_equal(before[1][:settled], after[1][:settled])


def test_few_points_are_drawn_however_long_the_series():
    values = np.random.default_rng(4).random(1_000_000)
    made = thinner(values)
    for last in (1_000, 20_000, 300_000, 1_000_000):
        assert len(made.visible(0, last, 400)[0]) <= 4 * 400 + 8


def test_a_single_spike_among_a_million_is_drawn():
    values = np.zeros(1_000_000)
    values[654_321] = 7.0
    x, y = thinner(values).visible(0, 1_000_000, 400)
    assert y.max() == 7.0
    assert abs(x[y.argmax()] - 654_322) <= 2_500  # within its column


def test_gaps_are_gaps():
    values = np.array([1.0, np.nan, 3.0, np.inf, 5.0])
    made = thinner(values)
    assert np.array_equal(made.visible(0, 6, 400)[1], [1, np.nan, 3, np.nan, 5], equal_nan=True)
    assert not made.gapless
    assert (made.lowest, made.highest) == (1.0, 5.0)


def test_for_a_logarithm_what_is_not_above_zero_is_a_gap():
    values = np.tile([0.5, 0.0, -1.0, 2.0], 1_000)
    made = thinner(values, above=0.0)
    assert (made.lowest, made.highest) == (0.5, 2.0)
    assert np.nanmin(made.visible(0, 4_000, 100)[1]) == 0.5
    assert np.array_equal(made.visible(0, 4, 100)[1], [0.5, np.nan, np.nan, 2.0, 0.5][:5], equal_nan=True)


def test_a_series_of_nothing_is_empty():
    made = thinner(np.full(3 * BLOCK, np.nan))
    assert made.is_empty
    assert np.isnan(made.visible(0, 100, 4)[1]).all()
    assert len(thinner(np.empty(0)).visible(0, 10, 100)[0]) == 0
    assert len(thinner(np.ones(5)).visible(50, 60, 100)[0]) == 0


def test_columns_of_a_table_are_read_in_place():
    table = np.random.default_rng(5).random((3_000, 4))
    x, y = thinner(table[:, 2]).visible(0, 3_000, 100)
    assert y.min() == table[:, 2].min()
    assert y.max() == table[:, 2].max()
    assert x[0] == 1 + 7.5  # the middle of 16 rows
    assert 3_000 - 16 < x[-1] <= 3_000
