"""What another seed brings, which depends on the data: other points, another split, or first weights alone."""

from dataclasses import dataclass

from mlp_studio.core.sources import SOURCES
from mlp_studio.ui.store import State


@dataclass(frozen=True, slots=True)
class NewSeed:
    """What to call the drawing of a new seed, the sentences that explain it, and what it has brought."""

    label: str
    help: str
    brings: str


def new_seed_for(state: State) -> NewSeed:
    """What another seed brings to these data."""
    source, prepared = SOURCES[state.experiment.data.source], state.prepared
    if source.is_drawn:
        text = "Draw a new seed: other points, another split, other first weights."
        return NewSeed("New sample", text, "new points, split and first weights")
    if prepared is not None and not state.loading and prepared.dataset.tickets is not None:
        text = "Draw a new seed: other first weights. The points, and the shares that they are in, stay the same."
        return NewSeed("New weights", text, "new first weights; the points keep their shares")
    text = f"Draw a new seed: another split and other first weights. {source.label}’s rows stay the same."
    return NewSeed("New split", text, "the same rows, a new split and first weights")
