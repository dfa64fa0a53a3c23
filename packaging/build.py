"""Builds the bundle: icons, PyInstaller, what stands beside the program, audit, archive. `make bundle` calls it.

    python packaging/build.py [--variant full|lite|bare] [--out dist] [--no-archive]

The folder is OUT/VARIANT/MLPStudio, the archive OUT/MLPStudio-VERSION-SYSTEM-MACHINE[-lite].tar.gz.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import archive
import audit

from mlp_studio import __version__

ICON = ROOT / "resources" / "icons" / "mlp-studio.svg"
SYSTEM = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
# Libraries with a table of names for debuggers, 90 MB of it in libtorch_cpu. Others are left as they come: some
# wheels' libraries were edited after they were linked, and `strip` breaks those.
STRIPPED = ("torch/lib/libtorch_*.so", "libpython3.*.so*", "python3.*/lib-dynload/*.so")


def main() -> int:
    """Build; 1 where the audit complains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=audit.MOST_MEGABYTES, default="full")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--no-archive", action="store_true", help="leave the folder as it is")
    options = parser.parse_args()
    if SYSTEM == "linux" and (absent := [tool for tool in ("objdump", "strip") if not shutil.which(tool)]):
        print(f"The build needs {' and '.join(absent)}: apt-get install binutils.", file=sys.stderr)
        return 1
    start = perf_counter()
    folder = build(options.variant, options.out.resolve())
    print(audit.report(folder, options.variant))
    found = audit.complaints(folder, options.variant)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found and not options.no_archive and options.variant != "bare":
        file = options.out.resolve() / f"{name(options.variant)}{'.zip' if SYSTEM == 'windows' else '.tar.gz'}"
        print(f"{archive.pack(folder, file)}  {file}, {file.stat().st_size / 1e6:.0f} MB")
    print(f"{folder}: {perf_counter() - start:.0f} s")
    return 1 if found else 0


def name(variant: str) -> str:
    """What the archive is called, without its ending."""
    kind = "" if variant == "full" else f"-{variant}"
    return f"MLPStudio-{__version__}-{SYSTEM}-{platform.machine().lower()}{kind}"


def build(variant: str, out: Path) -> Path:
    """The folder of a variant, made anew."""
    work = ROOT / "build" / "bundle"
    icons = work / "icons"
    subprocess.run([sys.executable, str(HERE / "pictures.py"), str(ICON), str(icons)], check=True)
    (icons / "version.txt").write_text(windows_version(), encoding="utf-8")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(out / variant), "--workpath", str(work / variant), str(HERE / "mlp-studio.spec")]
    settings = {"VARIANT": variant, "BUILT": str(icons), "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=os.environ | settings)
    folder = out / variant / "MLPStudio"
    if SYSTEM == "linux":
        strip(folder / "_internal")
    if variant != "bare":
        furnish(folder, icons)
    return folder


def strip(folder: Path) -> None:
    """Take the names for debuggers out of large libraries."""
    libraries = [str(path) for pattern in STRIPPED for path in sorted(folder.glob(pattern)) if not path.is_symlink()]
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)


def furnish(folder: Path, icons: Path) -> None:
    """Put beside the program what a person looks for there: notes, licence, and what a desktop wants to know."""
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE.txt")
    shutil.copy(HERE / "desktop" / "README.txt", folder / "README.txt")
    if SYSTEM != "linux":
        return
    (folder / "mlp-studio").unlink(missing_ok=True)
    (folder / "mlp-studio").symlink_to("MLPStudio")  # the name under which commands are known
    desktop = folder / "desktop"
    shutil.copytree(HERE / "desktop", desktop, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.txt"))
    hicolor = desktop / "icons" / "hicolor"
    (hicolor / "scalable" / "apps").mkdir(parents=True)
    shutil.copy(ICON, hicolor / "scalable" / "apps")
    for file in icons.glob("*.png"):
        stem, _, size = file.stem.rpartition("-")
        place = hicolor / f"{size}x{size}" / "apps"
        place.mkdir(parents=True)
        shutil.copy(file, place / f"{stem}.png")


def windows_version() -> str:
    """What Windows shows of the program's file under "Details"."""
    numbers = (*(int(part) for part in __version__.split(".")), 0)
    strings = {
        "FileDescription": "MLP Studio",
        "FileVersion": __version__,
        "ProductName": "MLP Studio",
        "ProductVersion": __version__,
        "LegalCopyright": "MIT licence",
    }
    structs = ", ".join(f"StringStruct({key!r}, {value!r})" for key, value in strings.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}), kids=[\n"
        f"  StringFileInfo([StringTable('040904B0', [{structs}])]),\n"
        f"  VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )


if __name__ == "__main__":
    sys.exit(main())
