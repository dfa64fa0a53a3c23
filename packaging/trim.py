"""What the bundle leaves out, and what the audit refuses. Names are of places within the bundle."""

from collections.abc import Iterable
from fnmatch import fnmatch

# Python packages that something in the bundle can use, but the studio does not.
MODULES = """
    IPython PIL._avif PIL.ImageQt PIL.ImageTk PyQt5 PyQt6 PySide2 _pytest cffi cupy curses dask docutils jax jinja2
    lib2to3 matplotlib numba onnxruntime pip pkg_resources pluggy pydoc_data pygments pytest readline setuptools
    sqlalchemy sqlite3 tables test tkinter xarray PySide6.QtNetwork PySide6.QtPdf PySide6.QtQml PySide6.QtQuick
    PySide6.QtSql onnx.backend onnx.reference pandas.tests scipy.conftest
""".split()
TORCH = """
    torch torchgen functorch sympy mpmath networkx
""".split()

# Of Qt, what a window on a desktop needs: X11, Wayland, no screen; SVG and the usual pictures; the desktop's dialogs.
PLUGINS = """
    platforms/*qxcb* platforms/*qwayland* platforms/*qoffscreen* platforms/*qminimal.* platforms/*qwindows*
    platforms/*qcocoa* xcbglintegrations/* platforminputcontexts/*compose* platforminputcontexts/*ibus*
    wayland-decoration-client/* wayland-graphics-integration-client/*egl* wayland-shell-integration/*xdg-shell*
    wayland-shell-integration/*qt-shell* platformthemes/*xdgdesktopportal* iconengines/*svg* styles/*
    imageformats/*qsvg* imageformats/*qjpeg* imageformats/*qgif* imageformats/*qico* imageformats/*qicns*
""".split()
UNUSED = """
    PySide6/Qt/translations/* PySide6/translations/* */libQt6EglF* */libQt6WlShell* */tests/* *.pyi *.h *.hpp
    sklearn/datasets/images/* pandas/io/formats/templates/* torch/bin/*
""".split()

# What the audit refuses: it would be there by mistake.
UNWANTED = """
    */torch/bin/* */torch/include/* */torch/test/* */tests/* *.h *.hpp *.cuh *.pyi *.cmake *.a *.lib
    *Qt6Quick* *Qt6Qml* *Qt6Pdf* *Qt6VirtualKeyboard* *qtvirtualkeyboard* *Qt6WebEngine* */QtQuick* */QtQml* */qml/*
    *PyQt5* *PyQt6* *PySide2* */translations/* *libqgtk* *onnxruntime* */_pytest/* */pip/* */tcl*/* */tk8*/*
""".split()


# torch is not imported where this small program is missing, which shares tensors between processes.
NEEDED = "torch/bin/torch_shm_manager"


def is_wanted(place: str) -> bool:
    """Whether a library or data file goes into the bundle."""
    place = place.replace("\\", "/")
    if place == NEEDED:
        return True
    _, is_plugin, plugin = place.partition("PySide6/Qt/plugins/" if "Qt/plugins" in place else "PySide6/plugins/")
    if is_plugin:
        return any(fnmatch(plugin, pattern) for pattern in PLUGINS)
    return not any(fnmatch(place, pattern) for pattern in UNUSED)


def unwanted(places: Iterable[str]) -> list[str]:
    """Those that must not be there."""
    suspects = (place for place in places if not place.endswith(f"/{NEEDED}"))
    return [place for place in suspects if any(fnmatch(f"/{place}", pattern) for pattern in UNWANTED)]
