"""How the work is looked at, as JSON: what the window shows again with a project, and mostly with the next session.

Whatever is not sound in such a document, as somebody may have edited it, is as good as not there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlp_studio.core.boundary import Box
from mlp_studio.core.dataset import Dataset, Floats
from mlp_studio.core.scene import Slice, first_slice
from mlp_studio.ui.store import Shown

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is shown, the point asked about (D,) in original units, the visible part of the plane, the loss's axis."""

    shown: Shown = field(default_factory=Shown)
    probe: Floats | None = None
    box: Box | None = None
    log_loss: bool = False


def document_of(view: View) -> dict[str, Any]:
    """A view for a file."""
    shown, box = view.shown, view.box
    return {
        "parts": sorted(shown.parts),
        "side_by_side": shown.side_by_side,
        "uncertainty": shown.uncertainty,
        "log_loss": view.log_loss,
        "slice": {
            "kind": shown.slice.kind,
            "columns": list(shown.slice.columns),
            "held_row": shown.slice.held_row,
            "held": None if shown.slice.held is None else list(shown.slice.held),
        },
        "probe": None if view.probe is None else view.probe.tolist(),
        "box": None if box is None else [box.u_low, box.u_high, box.v_low, box.v_high],
    }


def view_of(document: Mapping[str, Any], data: Dataset | None = None) -> View:
    """The view of a document; slice, probe and box only for the data that they belong to."""
    parts, default = document.get("parts"), Shown()
    known = default.parts
    if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
        known = frozenset(parts) & frozenset(PARTS)
    shown = Shown(known, document.get("side_by_side") is True, document.get("uncertainty") is True)
    log_loss = document.get("log_loss") is True
    if data is None:
        return View(shown, log_loss=log_loss)
    shown = Shown(shown.parts, shown.side_by_side, shown.uncertainty, _slice_of(document.get("slice"), data))
    probe = _numbers(document.get("probe"), data.features)
    return View(shown, None if probe is None else np.array(probe), _box_of(document.get("box")), log_loss)


def _slice_of(value: Any, data: Dataset) -> Slice:
    first = first_slice(data)
    if not isinstance(value, dict):
        return first
    kind, columns = value.get("kind"), _indices(value.get("columns"), data.features, 2)
    if kind not in ("columns", "principal") or columns is None or columns[0] == columns[1]:
        return first
    row = _indices([value.get("held_row")], data.rows, 1)
    held = _numbers(value.get("held"), data.features) if row is None else None
    return Slice(kind, (columns[0], columns[1]), None if row is None else row[0], held)


def _box_of(value: Any) -> Box | None:
    numbers = _numbers(value, 4)
    if numbers is None:
        return None
    across, upward = numbers[1] - numbers[0], numbers[3] - numbers[2]
    return Box(*numbers) if 0 < across < math.inf and 0 < upward < math.inf else None


def _indices(value: Any, length: int, count: int) -> list[int] | None:
    """So many indices into `length` things, or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    return value if all(type(number) is int and 0 <= number < length for number in value) else None


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """So many finite numbers, or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    if not all(type(number) in (int, float) for number in value):
        return None
    try:
        numbers = tuple(float(number) for number in value)
    except OverflowError:  # a whole number beyond all floats
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None
