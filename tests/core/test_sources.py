import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn import datasets

from mlp_studio.core.config import DataConfig
from mlp_studio.core.errors import DataError
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.painting import sample_canvas, to_text
from mlp_studio.core.preview import read_preview
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import SOURCES, load_dataset
from mlp_studio.core.table import read_table, write_table

SAMPLES = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
CHANGED = {"rows": 77, "classes": 5, "noise": 0.7}
EVERY_GENERATOR = pytest.mark.parametrize("name", GENERATORS)


def load(config, seed=0):
    return load_dataset(config, generator(seed, Stream.DATA))


def test_every_source_is_a_generator_a_sample_table_painted_or_the_file():
    assert set(SOURCES) == set(GENERATORS) | set(SAMPLES) | {"painted", "file"}


@pytest.mark.parametrize("name", [*GENERATORS, *SAMPLES])
def test_every_source_written_to_a_file_is_read_back_with_the_same_roles(name, tmp_path):
    data = load(DataConfig(source=name, rows=200))
    write_table(tmp_path / "data.csv", data)
    preview = read_preview(tmp_path / "data.csv")
    assert preview.roles == ("feature",) * data.features + ("label",)
    assert preview.names[:-1] == data.feature_names
    again = read_table(tmp_path / "data.csv")
    assert np.array_equal(again.X, data.X)
    assert [again.class_names[label] for label in again.y] == [data.class_names[label] for label in data.y]


@pytest.mark.parametrize("name", SOURCES)
def test_every_row_has_a_label_a_help_sentence_and_settings_that_exist(name):
    source = SOURCES[name]
    assert source.label
    assert source.help.endswith(".")
    assert set(source.settings) <= {field.name for field in fields(DataConfig)}


@EVERY_GENERATOR
def test_generated_data_have_the_lessons_names(name):
    dataset = load(DataConfig(source=name, rows=60, classes=4))
    classes = GENERATORS[name].classes or 4
    assert dataset.rows == 60
    assert dataset.feature_names == ("X1", "X2")
    assert dataset.class_names == ("c1", "c2", "c3", "c4")[:classes]
    assert (dataset.class_counts() > 0).all()


@EVERY_GENERATOR
def test_generated_points_are_those_of_the_generator_in_shuffled_order(name):
    config = DataConfig(source=name, rows=60)
    dataset = load(config)
    X, y = GENERATORS[name].draw(60, dataset.classes, config.noise, generator(0, Stream.DATA))

    def in_order(X, y):
        table = np.column_stack([X, y])
        return table[np.lexsort(table.T)]

    np.testing.assert_array_equal(in_order(dataset.X, dataset.y), in_order(X, y))
    assert np.count_nonzero(np.diff(dataset.y)) > 2 * dataset.classes


@EVERY_GENERATOR
def test_the_seed_alone_decides_what_is_drawn(name):
    config = DataConfig(source=name, rows=60)
    np.testing.assert_array_equal(load(config, seed=1).X, load(config, seed=1).X)
    assert (load(config, seed=1).X != load(config, seed=2).X).any()


@EVERY_GENERATOR
@pytest.mark.parametrize("setting", CHANGED)
def test_a_source_heeds_the_settings_that_it_names_and_no_others(name, setting):
    config = DataConfig(source=name, rows=60)
    before, after = load(config), load(replace(config, **{setting: CHANGED[setting]}))
    same = before.X.shape == after.X.shape and (before.X == after.X).all() and (before.y == after.y).all()
    assert same == (setting not in SOURCES[name].settings)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_tables_are_scikit_learns(name):
    dataset, table = load(DataConfig(source=name)), SAMPLES[name]()
    np.testing.assert_array_equal(dataset.X, table.data)
    np.testing.assert_array_equal(dataset.y, table.target)
    assert dataset.feature_names == tuple(table.feature_names)
    assert dataset.class_names == tuple(str(label) for label in table.target_names)


def test_a_file_is_read_with_the_chosen_columns(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text("length,width,height,kind\n1,2,3,a\n4,5,6,b\n7,8,10,a\n")
    config = DataConfig(source="file", path=str(path), label="kind", features=("length", "height"))
    dataset = load(config)
    np.testing.assert_array_equal(dataset.X, [[1, 3], [4, 6], [7, 10]])
    assert dataset.feature_names == ("length", "height")
    assert [dataset.class_names[k] for k in dataset.y] == ["a", "b", "a"]


def test_a_files_format_is_as_it_looks_except_where_the_settings_say_otherwise(tmp_path):
    path = tmp_path / "flowers.txt"
    path.write_text("1,5;2,5;a\n4,5;6,5;b\n7,5;9,5;a\n")
    dataset = load(DataConfig(source="file", path=str(path), delimiter=";", decimal=",", header="no"))
    np.testing.assert_array_equal(dataset.X, [[1.5, 2.5], [4.5, 6.5], [7.5, 9.5]])
    path.write_text("1;2;3\n4;5;a\n7;8;b\n9;9;a\n")
    assert load(DataConfig(source="file", path=str(path), header="yes")).feature_names == ("1", "2")
    assert load(DataConfig(source="file", path=str(path), header="no", label="x3")).rows == 4


def test_no_file_chosen_is_one_sentence():
    with pytest.raises(DataError, match=r"^No file is chosen: open a table"):
        load(DataConfig(source="file"))


def test_sources_that_are_not_slow_need_neither_pandas_nor_scikit_learn():
    quick = [name for name, source in SOURCES.items() if not source.slow]
    assert set(quick) == {*GENERATORS, "painted"}
    drawing = to_text(sample_canvas(generator(0, Stream.DATA)))
    program = f"""
import sys
from mlp_studio.core.config import DataConfig
from mlp_studio.core.preview import read_preview
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
for name in {quick}:
    load_dataset(DataConfig(source=name, drawing={drawing!r}), generator(0, Stream.DATA))
print([name for name in ("pandas", "sklearn", "scipy", "torch") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["spiral", "random", "iris"])
def test_shuffled_labels_are_the_same_ones_on_the_same_points_in_another_order(name):
    plain, first, again, other = (
        load_dataset(DataConfig(source=name, shuffle_labels=shuffled), generator(seed, Stream.DATA))
        for shuffled, seed in ((False, 7), (True, 7), (True, 7), (True, 8))
    )
    assert np.array_equal(first.X, plain.X)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.y, other.y)
    assert np.array_equal(first.class_counts(), plain.class_counts())
    chance = 1 / plain.classes
    assert np.mean(first.y == plain.y) == pytest.approx(chance, abs=0.12)
    assert any("shuffled" in note for note in first.notes)
