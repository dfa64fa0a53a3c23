"""The training as a moving picture."""

import io
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_studio.core.boundary import on_plane, raster
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import CancelledError, ExportError
from mlp_studio.core.export.animation import BOUNDARY_AT, CHART, CHART_AT, FIELD, LEGEND_AT, SIZE, palette_of
from mlp_studio.core.export.canvas import dashes, fitted
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.palette import LIGHT, region_table, rgb
from mlp_studio.core.prepare import prepare
from mlp_studio.core.progress import to_nobody
from mlp_studio.core.scene import first_slice, make_scene
from mlp_studio.core.trained import Trained
from mlp_studio.core.trainer import Training

ODD = ("<img src=x>\n", "\x00\u202eמרחבא 🙂\ud800", "c" * 300)


@lru_cache(maxsize=8)
def trained(
    classes: tuple[str, ...] = ("a", "b", "c"), features: tuple[str, ...] = ("X1", "X2"), epochs: int = 24
) -> Trained:
    rng = np.random.default_rng(0)
    y = np.arange(150) % len(classes)
    X = rng.normal(0, 1, (150, len(features))) + 2 * y[:, None]
    data = Dataset("points", X, y, features, classes)
    experiment = with_settings(Experiment(), {"train.epochs": epochs, "model.hidden": (8,)})
    training = Training(experiment, prepare(data, experiment.split, rng))
    for _event in training.run():
        pass
    return training.trained("finished", 1.0)


def written(run: Trained, path: Path) -> Image.Image:
    EXPORTS["animation"].write(run, path, to_nobody)
    return Image.open(io.BytesIO(path.read_bytes()))


def pixels(film: Image.Image, frame: int) -> np.ndarray:
    film.seek(frame)
    return np.asarray(film.convert("RGB")).astype(int)


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_every_epoch_of_the_album_is_a_picture_and_the_last_is_held(tmp_path, ending):
    run = trained()
    film = written(run, tmp_path / f"film.{ending}")
    durations = []
    for frame in range(film.n_frames):
        film.seek(frame)
        film.load()
        durations.append(film.info["duration"])

    assert film.format == ending.upper()
    assert film.size == SIZE
    assert film.n_frames == len(run.album) == 25
    assert film.info["loop"] == 0
    assert durations == [70] * 24 + [2000]


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_the_last_picture_shows_the_regions_of_the_last_weights(tmp_path, ending):
    run = trained()
    film = written(run, tmp_path / f"film.{ending}")
    scene = make_scene(run.prepared, first_slice(run.prepared.dataset))
    params, lift = on_plane(run.album[-1].params, run.prepared, scene.plane)
    wanted = region_table(3, LIGHT)[raster(params, "relu", scene.home, FIELD, lift)[::-1]].astype(int)
    left, top = BOUNDARY_AT
    shown = pixels(film, film.n_frames - 1)[top : top + FIELD, left : left + FIELD]

    close = np.abs(shown - wanted).max(axis=2) <= 16
    assert close.mean() > 0.85  # all but the points
    first = pixels(film, 0)[top : top + FIELD, left : left + FIELD]
    assert (np.abs(first - wanted).max(axis=2) <= 16).mean() < 0.6


def test_what_does_not_change_does_not_flicker(tmp_path):
    film = written(trained(), tmp_path / "film.gif")
    first, ground = pixels(film, 0), rgb(LIGHT.base).astype(int)
    below = slice(LEGEND_AT[1] - 10, None), slice(LEGEND_AT[0] - 10, None)

    for frame in range(1, film.n_frames):
        shown = pixels(film, frame)
        assert (shown[below] == first[below]).all()
        assert (shown[:, :3] == ground).all()
        assert (shown[: BOUNDARY_AT[1] - 1, : CHART_AT[0] - 1] == first[: BOUNDARY_AT[1] - 1, : CHART_AT[0] - 1]).all()


def test_the_curves_grow_with_the_epochs(tmp_path):
    film = written(trained(), tmp_path / "film.gif")
    left, top = CHART_AT
    colour = rgb(LIGHT.train).astype(int)

    def reach(frame: int) -> int:
        field = pixels(film, frame)[top : top + CHART[1], left : left + CHART[0]]
        columns = np.flatnonzero((np.abs(field - colour).max(axis=2) < 40).any(axis=0))
        return int(columns.max()) if len(columns) else -1

    assert reach(0) == -1
    assert 90 <= reach(12) <= 140
    assert reach(24) > 240


def test_long_albums_are_thinned_and_files_stay_small(tmp_path):
    run = trained(epochs=400)
    album = tuple(run.album[place % len(run.album)] for place in range(300))
    film = written(replace(run, album=album), tmp_path / "film.gif")

    assert film.n_frames <= 120
    assert (tmp_path / "film.gif").stat().st_size < 4_000_000


def test_odd_names_many_classes_and_wide_data_can_be_drawn(tmp_path):
    written(trained(ODD, ("<b>", "y" * 200), epochs=3), tmp_path / "odd.gif")
    many = tuple(f"class {index}" for index in range(50))
    film = written(trained(many, ("a", "b", "c", "d", "e"), epochs=3), tmp_path / "many.webp")
    assert film.n_frames == 4


def test_a_title_stands_clear_of_the_figures_of_a_tiny_loss(tmp_path):
    run = trained()
    curves = run.curves.copy()
    curves[:, COLUMNS.index("train_loss")] = np.geomspace(1.0, 1e-5, len(curves))
    film = written(replace(run, curves=curves), tmp_path / "film.gif")
    left, top = CHART_AT
    beside = pixels(film, 0)[top : top + CHART[1], BOUNDARY_AT[0] + FIELD + 4 : left - 1]
    inked = np.flatnonzero((beside != rgb(LIGHT.base)).any(axis=(0, 2)))
    assert np.diff(inked)[:16].max() > 4  # from the last column of the title to the first of the figures


def test_without_an_album_a_sentence_says_what_to_do(tmp_path):
    run = trained()
    for album in ((), run.album[:1]):
        still = replace(run, album=album, snapshot=run.album[0])
        with pytest.raises(ExportError, match="train for some epochs"):
            EXPORTS["animation"].write(still, tmp_path / "film.gif", to_nobody)
    assert not list(tmp_path.iterdir())


def test_weights_newer_than_the_album_are_its_last_picture(tmp_path):
    run = trained()
    film = written(replace(run, album=run.album[:5]), tmp_path / "film.gif")
    assert film.n_frames == 6


def test_it_tells_its_progress_and_can_be_cancelled(tmp_path):
    path, shares = tmp_path / "film.gif", []
    path.write_bytes(b"old")
    EXPORTS["animation"].write(trained(), tmp_path / "whole.gif", shares.append)
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len(shares) > 20

    def stop(share: float) -> None:
        if share > 0.3:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        EXPORTS["animation"].write(trained(), path, stop)
    assert path.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["film.gif", "whole.gif"]


def test_colours_that_mean_something_are_kept_exactly():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8))
    colours = np.array(palette_of([noise], 8).getpalette()).reshape(-1, 3)

    assert len(colours) <= 255
    for colour in (LIGHT.base, LIGHT.train, LIGHT.validation, "#D55E00"):
        assert (colours == rgb(colour)).all(axis=1).any()


def test_dashes_cover_two_thirds_of_a_line():
    pieces = dashes(np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 60.0]]))
    covered = sum(np.hypot(*np.diff(piece, axis=0).T).sum() for piece in pieces)
    assert covered == pytest.approx(60.0)
    assert len(pieces) == 10


def test_a_name_is_cut_to_the_width_that_there_is():
    assert fitted("short", 12, 200) == "short"
    assert fitted("w" * 100, 12, 60).endswith("…")
    assert fitted("www", 12, 1) == "…"
