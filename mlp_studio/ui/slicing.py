"""What a person does with the plane that wide data are shown on: choose its axes, and where the rest is held."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mlp_studio.core.predict import finite_number
from mlp_studio.core.scene import QUICK_VALUES, Scene, Slice, held_values, holds_features, make_scene, moved

if TYPE_CHECKING:
    from mlp_studio.ui.studio import Studio


class Slicing(QObject):
    """The intents of the slice: which plane through the features is seen, and at which values the others are held."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio, self._store = studio, studio.store

    def choose(self, chosen: Slice) -> None:
        """Show another plane of wide data."""
        state = self._store.state
        prepared = state.prepared
        if prepared is None or chosen == state.shown.slice:
            return
        if state.scene is not None and replace(chosen, held_row=None, held=None) == replace(
            state.scene.slice, held_row=None, held=None
        ):
            self._hold(chosen)
            return

        def show(scene: Scene) -> None:
            state = self._store.state
            if state.prepared is prepared:
                self._store.update(shown=replace(state.shown, slice=scene.slice), scene=scene)
                self._studio.portrayer.redraw()

        if prepared.dataset.X.size <= QUICK_VALUES:
            show(make_scene(prepared, chosen))
        else:
            self._studio.jobs.start("scene", lambda: make_scene(prepared, chosen), show, self._failed)

    def hold(self, feature: int, value: float) -> None:
        """Hold a feature that is not on the slice's axes at a value in original units; the others stay."""
        state = self._store.state
        if state.prepared is None or state.scene is None or not holds_features(state.scene):
            return
        values = held_values(state.prepared, state.scene, state.shown.slice).copy()
        values[feature] = value
        self._hold(replace(state.shown.slice, held_row=None, held=tuple(values.tolist())))

    def hold_text(self, feature: int, text: str) -> None:
        """Hold a feature at a typed number. Raises DataError with the sentence to show."""
        prepared = self._store.state.prepared
        if prepared is not None:
            self.hold(feature, finite_number(text, prepared.dataset.feature_names[feature]))

    def hold_row(self, row: int | None) -> None:
        """Hold the features that are not on the slice's axes at their values in a row; None: at their means."""
        self.choose(replace(self._store.state.shown.slice, held_row=row, held=None))

    def _hold(self, chosen: Slice) -> None:
        """Move the slice along the features that it holds: the points stay where they are, only the regions change."""
        state = self._store.state
        if state.prepared is None or state.scene is None or chosen == state.shown.slice:
            return
        scene = moved(state.prepared, state.scene, chosen)
        self._store.update(shown=replace(state.shown, slice=chosen), scene=scene)
        self._studio.portrayer.redraw(moving=True)

    def _failed(self, sentence: str) -> None:
        self._studio.tell(sentence, is_error=True)
