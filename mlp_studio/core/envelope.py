"""What is around the document of a project or a model: who can read it, and a checksum of it with its arrays."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from mlp_studio import __version__
from mlp_studio.core import tensor_file
from mlp_studio.core.errors import ProjectError
from mlp_studio.core.text_rows import quoted

Digest: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Envelope(Struct, kw_only=True):
    """What every version can read: whether it can read the rest.

    `schema` of the document; `min_reader`: the oldest schema whose readers understand it; `needs`: the first version of
    the program with such a reader; `app`: the version that wrote it.
    """

    schema: Annotated[int, Meta(ge=1)]
    min_reader: Annotated[int, Meta(ge=1)]
    needs: str
    app: str
    sha256: Digest
    document: dict[str, Any]


def sealed(schema: int, min_reader: int, needs: str, document: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """The text of an envelope; `digests` are the SHA-256 of all arrays by their names."""
    envelope = {
        "schema": schema,
        "min_reader": min_reader,
        "needs": needs,
        "app": __version__,
        "sha256": fingerprint(document, digests),
        "document": document,
    }
    return json.dumps(envelope, ensure_ascii=True, allow_nan=False)  # ASCII: halves of characters survive, too


def fingerprint(document: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """The SHA-256 of the document and of all arrays by their names."""
    return sha256(json.dumps([document, digests], ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def opened(text: str, name: str, schema: int) -> Envelope:
    """The envelope of the file that is called `name`, for a reader of this schema.

    Raises ProjectError where only a newer program can read it, BrokenFileError or msgspec.ValidationError where it is
    none.
    """
    content = tensor_file.parsed(text)
    if isinstance(content, dict) and isinstance(reader := content.get("min_reader"), int) and reader > schema:
        needs, app = (str(content.get(field, "?")) for field in ("needs", "app"))
        raise ProjectError(
            f"{name} was saved by MLP Studio {quoted(app, 20)[1:-1]}: it needs version {quoted(needs, 20)[1:-1]} or "
            f"later, and this is {__version__}."
        )
    return msgspec.convert(content, Envelope)
