"""The report as one HTML file that needs nothing else: no script, no network, no other file.

Its figures are those of the JSON report (`core.report`), from whose document it is made. Light or dark as the reader's
system is; on paper always light.
"""

from dataclasses import asdict
from pathlib import Path

from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.export.markup import Markup, element
from mlp_studio.core.export.report_sections import SECTIONS, Told
from mlp_studio.core.files import write_text
from mlp_studio.core.palette import DARK, LIGHT, Colours
from mlp_studio.core.progress import Progress
from mlp_studio.core.report import document, write_report
from mlp_studio.core.resources import resource
from mlp_studio.core.trained import Trained

# Nothing is fetched and nothing runs, whatever a name of the data may say.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_html(trained: Trained, path: Path, progress: Progress) -> None:
    """Write the report. Raises OSError, and what `progress` raises."""
    progress(0.0)
    scores = evaluate(trained.snapshot.params, trained.experiment.model.activation, trained.prepared)
    progress(0.3)
    told = Told(trained, scores, document(trained, scores=scores))
    progress(0.6)
    text = page(told)
    progress(0.9)
    write_text(path, text)


def write_json(trained: Trained, path: Path, progress: Progress) -> None:
    """Write the same as JSON. Raises OSError, and what `progress` raises."""
    progress(0.0)
    scores = evaluate(trained.snapshot.params, trained.experiment.model.activation, trained.prepared)
    progress(0.5)
    told = document(trained, scores=scores)
    progress(0.9)
    write_report(path, told)


def page(told: Told) -> str:
    """The file's text."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{told.trained.prepared.dataset.name} — MLP Studio"),
        element("style", Markup(style())),
    )
    body = element("body", *(section(told) for section in SECTIONS))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def style() -> str:
    """The style sheet, its colours those of the window."""
    light, dark = f":root {{ {_variables(LIGHT)} }}", f":root {{ {_variables(DARK)} }}"
    screen = f"@media screen and (prefers-color-scheme: dark) {{ {dark} }}"
    return f"\n{light}\n{screen}\n{resource('report.css').read_text(encoding='utf-8')}"


def _variables(tone: Colours) -> str:
    colours = {field: value for field, value in asdict(tone).items() if isinstance(value, str)}
    return "; ".join(f"--{field.replace('_', '-')}: {value}" for field, value in colours.items())
