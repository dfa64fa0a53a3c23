"""Files that a command writes: refused before the work."""

from collections.abc import Iterable
from pathlib import Path

from mlp_studio.core.errors import ConfigError
from mlp_studio.core.outputs import check_output


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None] = ()) -> None:
    """Refuse now what could not be written after the work, or would destroy something."""
    taken = [Path(path).resolve() for path in inputs if path]
    for path in filter(None, outputs):
        check_output(path)
        if path.resolve() in taken:
            raise ConfigError(f"“{path}” is named twice: the results would overwrite it.")
        taken.append(path.resolve())
