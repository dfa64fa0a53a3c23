"""What the program is made of, and on which terms: from the metadata that every installed distribution brings.

A bundle holds the metadata of what is packaged in it, and beside them the texts that no distribution brings: those of
Python, of Qt, and of libraries of the system that it was built on.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mlp_studio import __version__
from mlp_studio.core.edition import is_bundle
from mlp_studio.core.resources import resource

QT = ("pyside6-essentials", "shiboken6")  # whose wheels bring no licence text
TEXT = re.compile(r"\.dist-info/(licenses/|LICEN[SC]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE)
LONGEST_NAME = 60  # characters of a licence; some metadata have the whole text there


@dataclass(frozen=True, slots=True)
class Notice:
    """One part of the program: its licence by name, and the files of its texts."""

    name: str
    version: str
    licence: str
    texts: tuple[Path, ...]

    def read(self) -> str:
        """All its texts, one after the other, under the names of their files where there are several."""
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in self.texts]
        if len(texts) == 1:
            return texts[0]
        return "\n\n\n".join(f"— {path.name} —\n\n{text}" for path, text in zip(self.texts, texts, strict=True))


def notices() -> list[Notice]:
    """MLP Studio first, then Qt, then the others by name."""
    qt_texts = tuple(resource(f"licences/{name}.txt") for name in ("Qt", "LGPL-3.0", "GPL-3.0"))
    own = Notice("MLP Studio", __version__, "MIT", (resource("licences/MLP-Studio.txt"),))
    qt = Notice("Qt", metadata.version("PySide6-Essentials"), "LGPL-3.0-only", qt_texts)
    others = [_notice(distribution, qt_texts) for distribution in _distributions()]
    return [own, qt, *sorted([*others, *_beside()], key=lambda notice: notice.name.lower())]


def _distributions() -> Iterable[metadata.Distribution]:
    """Those in a bundle; else those that MLP Studio requires, directly or through another, as far as they are here."""
    if is_bundle():
        return {_canonical(one.name): one for one in metadata.distributions()}.values()
    found: dict[str, metadata.Distribution] = {}
    waiting = ["mlp-studio"]
    while waiting:
        name = waiting.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another platform
            continue
        found[name] = distribution
        waiting += [required for required in _required(distribution) if required not in found]
    found.pop("mlp-studio", None)
    return found.values()


def _required(distribution: metadata.Distribution) -> Iterator[str]:
    for requirement in distribution.requires or ():
        if "extra ==" not in requirement and (name := re.match(r"[\w.-]+", requirement)):
            yield _canonical(name.group())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _notice(distribution: metadata.Distribution, qt_texts: tuple[Path, ...]) -> Notice:
    about = distribution.metadata
    texts = tuple(sorted(_texts(distribution))) or (qt_texts if _canonical(distribution.name) in QT else ())
    return Notice(distribution.name, distribution.version, _licence(about), texts)


def _licence(about: metadata.PackageMetadata) -> str:
    if "License-Expression" in about:
        return str(about["License-Expression"])
    stated = str(about["License"]) if "License" in about else ""
    kinds = [kind.rpartition(" :: ")[2] for kind in about.get_all("Classifier") or () if kind.startswith("License ::")]
    if not stated or "\n" in stated or len(stated) > LONGEST_NAME:
        return " · ".join(kinds) or "see its text"
    return stated


def _texts(distribution: metadata.Distribution) -> Iterator[Path]:
    """The licence files in a distribution's metadata. A bundle has no list of files, so its folder is walked."""
    folder = getattr(distribution, "_path", None)  # there is no public name for it
    if isinstance(folder, Path):
        for path in folder.rglob("*"):
            if path.is_file() and TEXT.search(path.as_posix()):
                yield path


def _beside() -> Iterator[Notice]:
    """What stands beside the distributions in a bundle."""
    folder = resource("licences")
    if (python := folder / "Python.txt").is_file():
        import platform

        yield Notice("Python", platform.python_version(), "PSF-2.0", (python,))
    for path in (folder / "system").glob("*.txt"):
        yield Notice(path.stem, "", "see its text", (path,))
