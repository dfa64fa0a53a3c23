"""A folder as one compressed archive, the same bytes for the same content, and its SHA-256 beside it."""

import gzip
import hashlib
import tarfile
import zipfile
from pathlib import Path

MOMENT = 1_577_836_800  # 2020-01-01: a file's age is no part of the content
LEVEL = 6


def pack(folder: Path, archive: Path) -> str:
    """Write the archive and `archive`.sha256; the SHA-256. A .zip for Windows, else a .tar.gz."""
    if archive.suffix == ".zip":
        _zip(folder, archive)
    else:
        _tar(folder, archive)
    with archive.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    archive.with_name(f"{archive.name}.sha256").write_text(f"{digest}  {archive.name}\n", encoding="utf-8")
    return digest


def _tar(folder: Path, archive: Path) -> None:
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, MOMENT) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in (folder, *sorted(folder.rglob("*"))):
            tar.add(path, path.relative_to(folder.parent).as_posix(), recursive=False, filter=_without_person)


def _without_person(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = MOMENT
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def _zip(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as zipped:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, path.read_bytes())
