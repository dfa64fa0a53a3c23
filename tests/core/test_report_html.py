"""The HTML report: one file that needs nothing else, whatever the names in it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from mlp_studio.core.command_line import command_line
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import CancelledError
from mlp_studio.core.export.markup import element, name
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.prepare import prepare
from mlp_studio.core.progress import to_nobody
from mlp_studio.core.trained import Snapshot, Trained
from mlp_studio.core.trainer import Training

ODD = ("<img src=x onerror=alert(1)>", "a \"b\" 'c' &amp; `d`", "</script>\n\x00\u202eמרחבא 🙂\ud800")


def trained(
    classes: tuple[str, ...] = ("a", "b", "c"),
    features: tuple[str, ...] = ("X1", "X2"),
    rows: int = 150,
    name: str = "points",
    **settings: object,
) -> Trained:
    rng = np.random.default_rng(0)
    y = np.arange(rows) % len(classes)
    X = rng.normal(0, 1, (rows, len(features))) + y[:, None]
    data = Dataset(name, X, y, features, classes, ("Read <all> of it.",))
    changes = {"train.epochs": 5, "model.hidden": (8,)} | {name.replace("__", "."): v for name, v in settings.items()}
    experiment = with_settings(Experiment(), changes)
    training = Training(experiment, prepare(data, experiment.split, rng))
    for _event in training.run():
        pass
    snapshot = Snapshot(training.weights_epoch, training.backend.params())
    return Trained(experiment, training.prepared, snapshot, training.history.curves, "finished", 2.0, 1)


def written(run: Trained, folder: Path) -> str:
    path = folder / "report.html"
    EXPORTS["report"].write(run, path, to_nobody)
    return path.read_text(encoding="utf-8")


def parsed(page: str) -> ET.Element:
    """The page is well-formed as XML, too, so that no tag is left open and no sign unescaped."""
    doctype, _, rest = page.partition("\n")
    assert doctype == "<!DOCTYPE html>"
    return ET.fromstring(rest)  # noqa: S314 - our own file


def texts(tree: ET.Element, tag: str) -> list[str]:
    return ["".join(found.itertext()) for found in tree.iter(tag)]


def table(tree: ET.Element, caption: str) -> dict[str, list[str]]:
    """The rows of the table whose caption begins so, by their titles."""
    for found in tree.iter("table"):
        if "".join(found.find("caption").itertext() if found.find("caption") is not None else []).startswith(caption):
            lines = [["".join(cell.itertext()) for cell in row] for row in found.find("tbody")]
            return {line[0]: line[1:] for line in lines}
    raise AssertionError(f"no table {caption}")


class Tags(HTMLParser):
    """What a browser's tokenizer finds."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.addresses += [value or "" for key, value in attrs if key in ("href", "src", "action", "data", "srcset")]
        self.handlers += [key for key, _ in attrs if key.startswith("on")]


def tags(page: str) -> Tags:
    found = Tags()
    found.feed(page)
    return found


def test_the_report_has_every_section_the_issue_names(tmp_path):
    tree = parsed(written(trained(), tmp_path))
    assert texts(tree, "h2") == [
        "Decision boundary",
        "Curves",
        "Scores",
        "Confusion matrices",
        "Experiment",
        "Data",
        "Network",
        "Environment",
    ]
    assert texts(tree, "h1") == ["points"]
    assert "Finished after 5 of 5 epochs." in texts(tree, "p")


def test_its_figures_are_those_of_the_json_report(tmp_path):
    run = trained()
    EXPORTS["report-json"].write(run, tmp_path / "report.json", to_nobody)
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    tree = parsed(written(run, tmp_path))

    for title, part in (("Training", "train"), ("Validation", "val"), ("Test", "test")):
        scores = told["performance"][part]
        rows = table(tree, f"{title}: accuracy")
        for label, expected in scores["class"].items():
            figures = [f"{expected[column]:.3f}" for column in ("precision", "recall", "f1")]
            assert rows[label] == [*figures, str(expected["support"])]
        assert rows["Weighted mean"][:3] == [f"{scores['overall'][c]:.3f}" for c in ("precision", "recall", "f1")]
        assert rows["Macro mean"][0] == f"{scores['overall']['macro_precision']:.3f}"
        cells = [list(map(int, row)) for row in matrix_of(tree, title).values()]
        assert cells == scores["confusion"]
        assert sum(map(sum, cells)) == scores["overall"]["num_samples"]


def matrix_of(tree: ET.Element, title: str) -> dict[str, list[str]]:
    for found in tree.iter("table"):
        if found.get("class") == "matrix" and found.find("caption").text == title:
            lines = [["".join(cell.itertext()) for cell in row] for row in found.find("tbody")]
            return {line[0]: line[1:] for line in lines}
    raise AssertionError(title)


def test_names_are_text_and_nothing_else(tmp_path):
    page = written(trained(ODD, ("<b>x</b>", "y|`\n\\"), name="<iframe>.csv"), tmp_path)
    tree, found = parsed(page), tags(page)

    assert not {"img", "script", "iframe", "b"} & found.names
    assert not found.handlers
    shown = texts(tree, "bdi")
    assert ODD[0] in shown
    assert ODD[1] in shown
    assert "</script>\n��מרחבא 🙂�" in shown
    assert "<iframe>.csv" in texts(tree, "h1")
    assert "<b>x</b>" in texts(tree, "text")  # the axis
    assert "Read <all> of it." in texts(tree, "li")


def test_nothing_is_fetched_and_nothing_can_run(tmp_path):
    page = written(trained(ODD), tmp_path)
    found = tags(page)

    assert all(address.startswith(("#", "data:image/png;base64,")) for address in found.addresses)
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", page)
    assert "@import" not in page
    assert "http" not in page.replace("http-equiv", "")
    policy = next(meta for meta in parsed(page).iter("meta") if meta.get("http-equiv"))
    assert policy.get("content") == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_every_reference_has_its_target_once(tmp_path):
    tree = parsed(written(trained(), tmp_path))
    targets = [found.get("id") for found in tree.iter() if found.get("id")]
    wanted = {found.get("href")[1:] for found in tree.iter("use")}
    wanted |= {found.get("clip-path")[5:-1] for found in tree.iter("g") if found.get("clip-path")}

    assert len(targets) == len(set(targets))
    assert wanted <= set(targets)


def test_train_and_test_points_stand_where_they_are_and_wrong_ones_are_marked(tmp_path):
    run = trained()
    tree = parsed(written(run, tmp_path))
    pictures = [found for found in tree.iter("svg") if any(use.get("href") == "#regions" for use in found.iter("use"))]

    assert len(pictures) == 2
    told = json.loads(json_of(run, tmp_path))
    for picture, part, share in zip(pictures, ("train", "test"), ("train", "test"), strict=True):
        points = [use for use in picture.iter("use") if use.get("href").startswith("#marker-")]
        assert len(points) == told["data"]["split"][share]
        wrong = sum(len(group) for group in picture.iter("g") if group.get("class") == "wrong")
        confusion = np.array(told["performance"][part]["confusion"])
        assert wrong == confusion.sum() - np.trace(confusion)


def json_of(run: Trained, folder: Path) -> str:
    EXPORTS["report-json"].write(run, folder / "r.json", to_nobody)
    return (folder / "r.json").read_text(encoding="utf-8")


def test_the_file_stays_small_with_many_rows_classes_and_epochs(tmp_path):
    run = trained(tuple(f"class {k}" for k in range(60)), tuple(f"f{k}" for k in range(120)), 30_000, train__epochs=1)
    long = replace(run, curves=np.random.default_rng(0).random((200_000, 4)) + 0.1)
    page = written(long, tmp_path)

    assert len(page) < 700_000
    assert "60 classes they are too large" in page
    assert "… and 20 more" in page  # in the legend
    assert "… and 20 features more." in page
    assert "1,000 of them drawn" in page


def test_gaps_and_missing_parts_leave_a_readable_report(tmp_path):
    run = trained(split__train=0.8, split__validation=0.2, split__test=0.0)
    curves = run.curves.copy()
    curves[2] = np.nan
    page = written(replace(run, curves=curves), tmp_path)
    tree = parsed(page)

    assert not re.search(r"\bnan\b", re.sub('base64,[^"]*', "", page))
    assert "Test accuracy" not in texts(tree, "dt")
    assert any(text.startswith("Test: 0 points") for text in texts(tree, "figcaption"))
    path = next(found for found in tree.iter("path") if found.get("class") == "train")
    assert path.get("d").count("M") == 2


def test_a_network_that_was_not_trained_is_said_to_be_none(tmp_path):
    run = trained()
    start = replace(run, curves=run.curves[:0], snapshot=Snapshot(0, run.snapshot.params), status="ready", seconds=None)
    tree = parsed(written(start, tmp_path))
    assert "Not trained yet: the weights are those of the start." in texts(tree, "p")
    assert "There are none before the first epoch." in texts(tree, "p")


def test_weights_of_another_epoch_and_rows_that_changed_are_said(tmp_path):
    run = trained()
    tree = parsed(written(replace(run, snapshot=Snapshot(3, run.snapshot.params), is_mixed=True), tmp_path))
    assert any("The weights are those of epoch 3." in text for text in texts(tree, "p"))
    assert any("the settings alone do not give this run" in text for text in texts(tree, "p"))
    assert any(line.get("class") == "kept" for line in tree.iter("line"))


def test_settings_that_changed_on_the_way_are_said(tmp_path):
    tree = parsed(written(replace(trained(), is_retuned=True), tmp_path))
    assert any("Settings changed while the network trained" in text for text in texts(tree, "p"))
    assert "This command trains with the same settings:" in texts(tree, "p")


def test_what_differs_from_the_first_settings_is_told_as_the_form_has_it(tmp_path):
    run = trained(train__batch_size=32, split__standardize=False, model__activation="tanh")
    rows = next(found for found in parsed(written(run, tmp_path)).iter("table") if "What differs" in texts(found, "th"))
    told = {"".join(row[0].itertext()): ["".join(cell.itertext()) for cell in row[1:]] for row in rows.find("tbody")}
    assert told == {
        "Standardise": ["off", "on"],
        "Hidden layers": ["8", "100"],
        "Activation": ["Tanh", "ReLU"],
        "Batch size": ["32", "full batch"],
        "Epochs": ["5", "1,000"],
    }


def test_the_command_that_trains_it_again_is_told_as_text(tmp_path):
    run = trained(data__source="moons", data__noise=0.3)
    assert texts(parsed(written(run, tmp_path)), "pre") == [command_line(run.experiment)]
    odd = replace(run, experiment=with_settings(run.experiment, {"data.source": "file", "data.path": "a <b>'&\".csv"}))
    assert texts(parsed(written(odd, tmp_path)), "pre") == [command_line(odd.experiment)]


def test_a_command_that_cannot_be_or_is_too_long_is_said_in_a_sentence(tmp_path):
    run = trained()
    for settings, sentence in (
        ({"data.source": "file", "data.path": "a\0b.csv"}, "null character"),
        ({"data.source": "painted", "data.drawing": "[" + "1," * 20_000 + "1]"}, "letters: the window copies it"),
    ):
        odd = replace(run, experiment=with_settings(run.experiment, settings))
        tree = parsed(written(odd, tmp_path))
        assert not texts(tree, "pre")
        assert any(sentence in text for text in texts(tree, "p"))


def test_wide_data_say_which_slice_is_seen(tmp_path):
    page = written(trained(features=("a", "b", "c", "d"), split__derived=("square",)), tmp_path)
    assert "Seen on the first two principal components" in page
    assert "Inputs derived from the features" in page


def test_one_feature_has_a_picture_too(tmp_path):
    page = written(trained(features=("only",)), tmp_path)
    parsed(page)
    assert "data:image/png;base64," in page  # the regions


def test_a_cancelled_report_leaves_what_was_there(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")

    def stop(share: float) -> None:
        if share > 0.5:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        EXPORTS["report"].write(trained(), path, stop)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_content_is_escaped_unless_it_is_markup():
    assert element("p", "<b>", name('"x"'), title="a\"b'<") == (
        '<p title="a&quot;b&#x27;&lt;">&lt;b&gt;<bdi>&quot;x&quot;</bdi></p>'
    )


@pytest.mark.parametrize("name", ["report", "report-json"])
def test_a_report_tells_how_far_it_has_got_and_can_be_cancelled_at_every_word(tmp_path, name):
    run, path, told = trained(), tmp_path / f"a{EXPORTS[name].suffixes[0]}", []
    assert EXPORTS[name].slow
    EXPORTS[name].write(run, path, told.append)
    assert told == sorted(told)
    assert len(told) >= 3
    path.unlink()
    for last in told:

        def cancelled(share, last=last):
            if share == last:
                raise CancelledError("cancelled")

        with pytest.raises(CancelledError):
            EXPORTS[name].write(run, path, cancelled)
        assert not path.exists()
