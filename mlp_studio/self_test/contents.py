"""Looks into the files that were exported: each kind is read back by what it is made for."""

import ast
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlp_studio.self_test import CheckError


def look_into(file: Path, rows: int) -> dict[str, Any]:
    """Figures of a file of any kind; raises CheckError, or what its reader raises. `rows`: of the data."""
    kind = file.suffix
    if kind not in KINDS:
        raise CheckError(f"Nobody knows how to look into a file that ends in {kind}.")
    figures = KINDS[kind](file)
    if kind == ".csv" and figures["rows"] < rows:
        raise CheckError(f"{figures['rows']} of {rows} rows were written.")
    return figures


def _python(file: Path) -> dict[str, Any]:
    return {"statements": len(ast.parse(file.read_text(encoding="utf-8")).body)}


def _json(file: Path) -> dict[str, Any]:
    return {"entries": len(json.loads(file.read_text(encoding="utf-8")))}


def _notebook(file: Path) -> dict[str, Any]:
    import nbformat

    notebook = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return {"cells": len(notebook.cells)}


def _html(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    if "</html>" not in text:
        raise CheckError("The HTML is not complete.")
    return {"pictures": text.count("<svg") + text.count("<img")}


def _safetensors(file: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return {"arrays": len(load_file(file))}


def _onnx(file: Path) -> dict[str, Any]:
    import onnx

    model = onnx.load(file)
    onnx.checker.check_model(model)
    return {"nodes": len(model.graph.node)}


def _frames(file: Path) -> dict[str, Any]:
    from PIL import Image

    with Image.open(file) as picture:
        return {"frames": getattr(picture, "n_frames", 1)}


def _csv(file: Path) -> dict[str, Any]:
    return {"rows": len(file.read_text(encoding="utf-8").splitlines()) - 1}


KINDS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    ".py": _python,
    ".ipynb": _notebook,
    ".json": _json,
    ".html": _html,
    ".safetensors": _safetensors,
    ".onnx": _onnx,
    ".gif": _frames,
    ".webp": _frames,
    ".csv": _csv,
}
