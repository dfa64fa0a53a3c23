"""Which distributions are in the bundle, and what they are licensed under. An unknown licence ends the build."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# What may go into the bundle, by SPDX's names; of "A OR B", one is enough, and is what is chosen here. To add one: read
# it, and see that its terms are kept.
ACCEPTED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "GPL-2.0-or-later WITH Bootloader-exception",
    "HPND",
    "ISC",
    "LGPL-3.0-only",
    "MIT",
    "MIT-CMU",
    "MPL-2.0",
    "NCSA",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
}

# What the metadata of some say in their own words.
WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "MIT License": "MIT",
}
# Whose metadata do not name it clearly; what their licence file says.
READ = {
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "mpmath": "BSD-3-Clause",
    "nbformat": "BSD-3-Clause",
    "pyinstaller": "GPL-2.0-or-later WITH Bootloader-exception",  # its loader is part of every bundle
    "scipy": "BSD-3-Clause",
    "sympy": "BSD-3-Clause",
    "traitlets": "BSD-3-Clause",
}
# Whose wheels bring no text; which of resources/licences/ it is.
TEXTS = {"pyside6-essentials": "LGPL-3.0.txt", "shiboken6": "LGPL-3.0.txt"}


class LicenceError(Exception):
    """What keeps a distribution out of the bundle, in a sentence."""


def owners() -> Mapping[str, str]:
    """Place of a file, as it is installed → name of the distribution that it belongs to."""
    found = {}
    for distribution in metadata.distributions():
        root, name = os.path.realpath(str(distribution.locate_file(""))), canonical(distribution.name)
        for file in distribution.files or ():
            found[os.path.normpath(f"{root}/{file}")] = name
    return found


def canonical(name: str) -> str:
    """A distribution's name as packages.python.org compares them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packaged(sources: Iterable[str]) -> list[metadata.Distribution]:
    """The distributions that these files come from, by name; raises LicenceError where one may not be given on."""
    known = owners()
    names = {known[path] for source in sources if (path := os.path.realpath(source)) in known}
    found = [metadata.distribution(name) for name in sorted(names)]
    for distribution in found:
        licence(distribution)
        if not texts(distribution) and canonical(distribution.name) not in TEXTS:
            raise LicenceError(f"{distribution.name} brings no licence text: say in packaging/licences.py which it is.")
    return found


def licence(distribution: metadata.Distribution) -> str:
    """Its licence as an SPDX expression; raises LicenceError where it is unknown or not accepted."""
    stated = _stated(distribution)
    try:
        expression = str(canonicalize_license_expression(stated))
    except InvalidLicenseExpression:
        raise LicenceError(
            f"{distribution.name} has a licence that is not known here, “{stated[:60]}”: read it, and add it to "
            "packaging/licences.py."
        ) from None
    for term in expression.split(" AND "):
        if not ACCEPTED & {name.strip("() ") for name in term.split(" OR ")}:
            raise LicenceError(f"{distribution.name} is under {term}, which packaging/licences.py does not accept.")
    return expression


def _stated(distribution: metadata.Distribution) -> str:
    name, about = canonical(distribution.name), distribution.metadata
    if name in READ:
        return READ[name]
    if expression := about.get("License-Expression"):
        return expression
    if (words := (about.get("License") or "").strip()) and "\n" not in words:
        return WORDS.get(words, words)
    kinds = [kind.rpartition(" :: ")[2] for kind in about.get_all("Classifier", []) if kind.startswith("License ::")]
    return " AND ".join(WORDS.get(kind, kind) for kind in kinds)


def texts(distribution: metadata.Distribution) -> list[tuple[Path, str]]:
    """Its licences, notices and lists of authors: the files, and their names within its metadata."""
    found = []
    for file in distribution.files or ():
        inside = str(file).replace("\\", "/")
        folder, _, rest = inside.partition(".dist-info/")
        if re.match(r"licenses/|LICEN[SC]E|COPYING|NOTICE|AUTHORS", rest, re.IGNORECASE):
            found.append((Path(str(distribution.locate_file(file))), f"{folder}.dist-info/{rest}"))
    return found


def metadata_files(distributions: Iterable[metadata.Distribution]) -> list[tuple[str, str]]:
    """(file, place in the bundle) of what the studio reads about them: versions and licences."""
    found = []
    for distribution in distributions:
        files = {str(file): str(distribution.locate_file(file)) for file in distribution.files or ()}
        found += [(path, place) for place, path in files.items() if place.endswith(".dist-info/METADATA")]
        found += [(str(path), place) for path, place in texts(distribution)]
    return found


def of_python() -> Path:
    """The licence of the Python that is packaged."""
    base = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = (base / "lib" / version / "LICENSE.txt", base / "LICENSE.txt", Path(f"/usr/share/doc/{version}/copyright"))
    for place in places:
        if place.is_file():
            return place
    raise LicenceError("The licence of Python itself was not found: its LICENSE.txt belongs into the bundle.")


def of_system_libraries(libraries: Iterable[str]) -> dict[str, Path]:
    """Name of a Debian package → its copyright file, of each that a packaged system library comes from.

    Raises LicenceError where a library's package or its copyright file cannot be found.
    """
    libraries, found = sorted(libraries), {}
    packages = _debian_packages(libraries)
    for library in libraries:
        package = packages.get(os.path.realpath(library), "")
        notice = Path(f"/usr/share/doc/{package}/copyright")
        if not package or not notice.is_file():
            raise LicenceError(
                f"{library} is of no Debian package whose copyright file is here: leave it out, or add that."
            )
        found[package] = notice.resolve()
    return found


def _debian_packages(libraries: Iterable[str]) -> dict[str, str]:
    """Library, with all links followed → the Debian package that it is from, as far as that is known."""
    if not shutil.which("dpkg-query"):
        return {}
    real = {os.path.realpath(library) for library in libraries}
    names = real | {name.removeprefix("/usr") for name in real}  # packages that were made before /lib became /usr/lib
    done = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False)
    lines = (line.partition(": ") for line in done.stdout.splitlines())
    return {os.path.realpath(file): owner.partition(":")[0] for owner, _, file in lines}
