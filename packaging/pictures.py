"""The icon in every size and form that a desktop asks for, drawn by Qt from the one SVG."""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
WINDOWS, MACOS = 256, 512  # what is made smaller of these, the systems make smaller themselves


def draw(svg: Path, size: int) -> QImage:
    """The picture, so many pixels wide and high, on nothing."""
    picture = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    return picture


def write(picture: QImage, path: Path) -> None:
    """Write in the form that the name asks for; raises OSError where that fails."""
    writer = QImageWriter(str(path))
    if not writer.write(picture):
        raise OSError(f"“{path}” could not be written: {writer.errorString()}.")


def make_icons(svg: Path, folder: Path) -> None:
    """NAME.ico and NAME.icns for Windows and macOS, and a PNG for each size: NAME-16.png …"""
    application = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    write(draw(svg, WINDOWS), folder / f"{svg.stem}.ico")
    write(draw(svg, MACOS), folder / f"{svg.stem}.icns")
    for size in SIZES:
        write(draw(svg, size), folder / f"{svg.stem}-{size}.png")
    del application


if __name__ == "__main__":
    make_icons(Path(sys.argv[1]), Path(sys.argv[2]))
