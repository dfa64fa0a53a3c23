"""A run as a Jupyter notebook: the cells are the sections of the script, each with a few sentences before it."""

from pathlib import Path
from typing import Any

from mlp_studio.core.export.pieces import Section
from mlp_studio.core.export.script import heading, sections
from mlp_studio.core.files import write_text
from mlp_studio.core.progress import Progress
from mlp_studio.core.trained import Trained


def write_notebook(trained: Trained, path: Path, _progress: Progress) -> None:
    """Write the run in the backend that trained it. Raises OSError."""
    write_text(path, notebook(trained))


def notebook(trained: Trained) -> str:
    """The notebook as JSON (nbformat 4); the same run gives the same text."""
    nbformat = _library()
    backend = trained.experiment.model.backend
    title, _, rest = heading(trained, backend).partition("\n")
    cells = [_text("title", f"# {title.rstrip('.')}\n{rest}")]
    for section in sections(trained, backend):
        cells += [_text(f"{section.name}-text", f"## {section.title}\n\n{section.text}"), _code(section)]
    book = nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.validate(book)
    text: str = nbformat.writes(book)
    return text


def _library() -> Any:
    import nbformat

    return nbformat


def _text(name: str, source: str) -> Any:
    return _library().v4.new_markdown_cell(source, id=name)


def _code(section: Section) -> Any:
    return _library().v4.new_code_cell(section.code, id=section.name)
