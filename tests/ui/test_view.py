"""How the work is looked at, as a document: it comes back, and what is not sound in it does no harm."""

import json

import numpy as np
import pytest

from mlp_studio.core.boundary import Box
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.scene import Slice, first_slice
from mlp_studio.ui.store import Shown
from mlp_studio.ui.view import View, document_of, view_of

WIDE = Dataset("wide", np.arange(20.0).reshape(5, 4), np.array([0, 1, 0, 1, 0]), ("a", "b", "c", "d"), ("u", "v"))
BROKEN = [None, True, -1, 4, 1e400, 10**400, "text", [], [0], [0, 0], [[0, 1]], {}, {"kind": "columns"}, [None] * 4]


@pytest.mark.parametrize(
    "chosen", [Slice(), Slice("principal"), Slice("columns", (3, 1), 4), Slice("columns", (2, 0), None, (1, 2, 3.5, 4))]
)
def test_a_view_comes_back_from_its_document(chosen):
    shown = Shown(frozenset({"test"}), True, True, chosen)
    view = View(shown, np.array([1.0, 2.0, 3.0, 4.0]), Box(-1.0, 1.5, 0.0, 2.0), True)
    again = view_of(json.loads(json.dumps(document_of(view))), WIDE)
    assert again.shown == view.shown
    np.testing.assert_array_equal(again.probe, view.probe)
    assert (again.box, again.log_loss) == (view.box, True)


def test_without_data_only_what_belongs_to_none_comes_back():
    view = View(Shown(frozenset(), True, False, Slice("columns", (3, 1))), np.ones(4), Box(0, 1, 0, 1), True)
    again = view_of(document_of(view))
    assert again.shown == Shown(frozenset(), True)
    assert (again.probe, again.box, again.log_loss) == (None, None, True)


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_not_sound_is_as_good_as_not_there(broken):
    names = ("parts", "side_by_side", "uncertainty", "log_loss", "slice", "probe", "box")
    view = view_of(dict.fromkeys(names, broken), WIDE)
    assert view.shown.slice == first_slice(WIDE)
    assert (view.probe, view.box) == (None, None)
    assert view.shown.parts <= {"train", "validation", "test"}
    for name in ("kind", "columns", "held_row", "held"):
        document = {"kind": "columns", "columns": [0, 1], "held_row": None, "held": None} | {name: broken}
        found = view_of({"slice": document}, WIDE).shown.slice
        assert found in (first_slice(WIDE), Slice("columns", (0, 1))) or found.held_row == 4


@pytest.mark.parametrize("box", [[1, 0, 0, 1], [0, 1, 0, 0], [-1e308, 1e308, 0, 1], [0, 1, 0]])
def test_a_box_without_an_inside_is_none(box):
    assert view_of({"box": box}, WIDE).box is None
