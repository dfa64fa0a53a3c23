"""Large rows in files of their own beside a project: one that is written every few seconds has them written once.

Each such file is named by the SHA-256 of what it holds, “PROJECT.DIGEST.rows”. Only what is kept for a recovery is
written like this; a project of the person's is one file.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from mlp_studio.core import tensor_file
from mlp_studio.core.files import replacing
from mlp_studio.core.tensor_file import Array, BrokenFileError

KEY = "mlp-studio-rows"  # of the names of the arrays that are beside, with their digests, as JSON
LARGE = 1_000_000  # bytes
SUFFIX = ".rows"
_PREFIXES = ("data.", "shares.")  # of the arrays' names; all others change while a network trains
_DIGEST = re.compile("[0-9a-f]{64}")


def put(path: Path, arrays: Mapping[str, Array], digests: Mapping[str, str]) -> dict[str, str]:
    """Write large rows beside `path`, unless they are there; their names and digests. Raises OSError."""
    large = {name: digests[name] for name, rows in arrays.items() if name.startswith(_PREFIXES) and rows.nbytes > LARGE}
    for name, digest in large.items():
        if not _beside(path, digest).is_file():
            with replacing(_beside(path, digest)) as file:
                for piece in tensor_file.pieces({name: arrays[name]}, {}):
                    file.write(piece)
    return large


def clear(path: Path, needed: Mapping[str, str]) -> None:
    """Take away rows beside `path` that are not needed any more."""
    kept = {_beside(path, digest) for digest in needed.values()}
    for file in path.parent.glob(f"{path.stem}.*{SUFFIX}"):
        if file not in kept:
            file.unlink(missing_ok=True)


def get(path: Path, text: str) -> dict[str, Array]:
    """The arrays beside `path`, from what its metadata say of them. Raises OSError and BrokenFileError."""
    named = tensor_file.parsed(text)
    if not isinstance(named, dict):
        raise BrokenFileError("the names of its rows are broken")
    arrays: dict[str, Array] = {}
    for name, digest in named.items():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise BrokenFileError("the names of its rows are broken")
        found, _ = tensor_file.read(_beside(path, digest))
        if name not in found:
            raise BrokenFileError("the rows beside it are others")
        arrays[name] = found[name]
    return arrays


def as_text(named: Mapping[str, str]) -> str:
    """What the metadata say of rows that are beside."""
    return json.dumps(named, ensure_ascii=True)


def _beside(path: Path, digest: str) -> Path:
    return path.with_name(f"{path.stem}.{digest}{SUFFIX}")
