"""Looking back: the weights of an earlier epoch of the present run, while it trains or rests. Nothing changes by it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mlp_studio.core.album import Page
from mlp_studio.core.backends.flat import unflatten
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.trained import Snapshot, sizes_of
from mlp_studio.ui.runner import GRID_AT_REST, draw, rest_grid
from mlp_studio.ui.store import Evaluation, Past, Raster, Run

if TYPE_CHECKING:
    from mlp_studio.ui.portrayer import Portrayer
    from mlp_studio.ui.studio import Studio


class LookingBack(QObject):
    """The intents of the slider over the epochs."""

    def __init__(self, studio: "Studio", portrayer: "Portrayer") -> None:
        super().__init__(studio)
        self._studio, self._store, self._portrayer = studio, studio.store, portrayer

    def look_at(self, epoch: int) -> None:
        """Show the kept weights nearest to an epoch; of those at hand, the present ones as they come."""
        pages, run = self._pages(), self._store.state.run
        if not pages or run is None:
            return
        place = min(range(len(pages)), key=lambda place: abs(pages[place].epoch - epoch))
        if not run.active and abs(run.snapshot.epoch - epoch) < abs(pages[place].epoch - epoch):
            self.live()  # the present weights need not be in the album
        else:
            self._show(pages, place)

    def step(self, pages: int) -> None:
        """So many kept epochs on, or back."""
        there, run = self._pages(), self._store.state.run
        if not there or run is None:
            return
        past = self._store.state.seen_past
        present = run.epoch if run.active else run.snapshot.epoch
        epoch = present if past is None else past.snapshot.epoch
        place = max(range(len(there)), key=lambda each: (there[each].epoch <= epoch, each))
        self._show(there, min(max(place + pages, 0), len(there) - 1))

    def live(self) -> None:
        """Show the present weights again."""
        if self._store.state.past is not None:
            self._store.update(past=None)

    def redraw(self) -> None:
        """The view has moved: the regions of the epoch that is looked at follow."""
        past = self._store.state.seen_past
        if past is not None:
            self._work_out(past)

    def _pages(self) -> tuple[Page, ...]:
        runner = self._studio.runner
        return () if runner is None else runner.album

    def _show(self, pages: tuple[Page, ...], place: int) -> None:
        run, page = self._store.state.run, pages[place]
        if run is None:
            return
        # at rest, the present weights may be of an earlier epoch than the last: early stopping goes back to the best
        if (place == len(pages) - 1) if run.active else (page.epoch == run.snapshot.epoch):
            self.live()
            return
        before = self._store.state.seen_past
        if before is not None and before.snapshot.epoch == page.epoch:
            return
        snapshot = Snapshot(page.epoch, unflatten(page.weights, sizes_of(run.experiment, run.prepared)))
        shown = (run.evaluation, run.raster) if before is None else (before.evaluation, before.raster)
        past = Past(run.number, run.prepared, snapshot, *shown)  # those on view, until its own are there
        self._store.update(past=past)
        self._work_out(past)

    def _work_out(self, past: Past) -> None:
        run, view = self._store.state.run, self._portrayer.view
        if run is None or view is None:
            return
        activation, snapshot, prepared = run.experiment.model.activation, past.snapshot, past.prepared
        size = min(GRID_AT_REST, rest_grid(snapshot.params))

        def work() -> tuple[Evaluation, Raster]:
            raster = draw(snapshot, activation, prepared, view, size)
            return Evaluation(snapshot.epoch, evaluate(snapshot.params, activation, prepared)), raster

        def done(made: tuple[Evaluation, Raster]) -> None:
            past = self._store.state.seen_past
            if past is not None and past.snapshot is snapshot:
                self._store.update(past=replace(past, evaluation=made[0], raster=made[1]))

        self._studio.jobs.start("past", work, done, self._failed)

    def _failed(self, sentence: str) -> None:
        self._studio.tell(sentence, is_error=True)


def epoch_seen(run: Run | None, past: Past | None) -> int:
    """The epoch of the weights that are shown."""
    if past is not None:
        return past.snapshot.epoch
    return 0 if run is None else run.snapshot.epoch
