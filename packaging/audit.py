"""What a bundle is made of: its largest parts, and whether anything is in it that should not be.

    python packaging/audit.py FOLDER --variant full|lite|bare

Exit code 1 where something unwanted is in it, or where it is too large.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import trim

MOST_MEGABYTES = {"full": 800, "lite": 350, "bare": 300}
SHOWN = 15


def files(folder: Path) -> dict[str, int]:
    """Place of each file → its bytes; a link takes none."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            found[path.relative_to(folder).as_posix()] = 0 if path.is_symlink() else path.stat().st_size
    return found


def parts(sizes: dict[str, int]) -> Counter[str]:
    """Bytes of each package or library, which are the folders and files at the top."""
    counted: Counter[str] = Counter()
    for place, size in sizes.items():
        first, *rest = place.removeprefix("_internal/").split("/")
        counted[f"{first}/" if rest else first] += size
    return counted


def qt_bindings(sizes: dict[str, int]) -> set[str]:
    """The Python bindings of Qt that are in it."""
    names = {place.removeprefix("_internal/").split("/")[0] for place in sizes}
    return names & {"PySide2", "PySide6", "PyQt5", "PyQt6"}


def complaints(folder: Path, variant: str) -> list[str]:
    """What is wrong with it, a sentence each."""
    sizes = files(folder)
    megabytes = sum(sizes.values()) / 1e6
    found = [f"“{place}” should not be there." for place in trim.unwanted(sizes)]
    if variant != "full":
        packages = {part.rstrip("/") for part in parts(sizes)}
        found += [f"“{name}” should not be there without PyTorch." for name in trim.TORCH if name in packages]
    if qt_bindings(sizes) != {"PySide6"}:
        found.append(f"It has these bindings of Qt: {', '.join(sorted(qt_bindings(sizes))) or 'none'}.")
    if megabytes > MOST_MEGABYTES[variant]:
        found.append(f"It takes {megabytes:.0f} MB, and {MOST_MEGABYTES[variant]} MB are the most.")
    return found


def report(folder: Path, variant: str) -> str:
    """The largest parts and files, in lines."""
    sizes = files(folder)
    lines = [f"{folder.name} ({variant}): {sum(sizes.values()) / 1e6:.0f} MB in {len(sizes):,} files"]
    for title, counted in (("parts", parts(sizes)), ("files", Counter(sizes))):
        lines.append(f"largest {title}:")
        lines += [f"{size / 1e6:8.1f} MB  {place}" for place, size in counted.most_common(SHOWN)]
    return "\n".join(lines)


def main() -> int:
    """Print the report; 1 where there is a complaint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variant", choices=MOST_MEGABYTES, default="full")
    options = parser.parse_args()
    print(report(options.folder, options.variant))
    found = complaints(options.folder, options.variant)
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
