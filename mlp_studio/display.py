"""Can a window be opened here? Asked before Qt is imported, because Qt aborts the process where it cannot.

`python -m mlp_studio.display` answers in a shell: exit code 0, or one sentence on stderr and exit code 2.
"""

import ctypes
import os
import sys

# The shared libraries that PySide6's wheel expects from the system, and the Debian packages that bring them.
# packaging/system-libraries.sh reads these lines too: one `"library": "package",` a line.
QT_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libzstd.so.1": "libzstd1",
    "libz.so.1": "zlib1g",
    "libfreetype.so.6": "libfreetype6",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
}
XCB_LIBRARIES = {
    "libxcb.so.1": "libxcb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}

WITHOUT_A_WINDOW = "or train without a window: mlp-studio train --lesson numpy-mlp."


def missing() -> str:
    """Return "" where a window can be opened, else one sentence: what is missing and how to go on."""
    if not sys.platform.startswith("linux"):
        return ""
    platforms = _platforms()
    if not platforms:
        return f"MLP Studio found no display: start it in a desktop session, {WITHOUT_A_WINDOW}"
    # Qt, too, tries one platform after the other.
    reasons = [_missing_for(platform) for platform in platforms]
    return "" if "" in reasons else reasons[-1]


def _platforms() -> list[str]:
    """Return the Qt platforms that Qt will try here, in its order."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if chosen:
        return [name.partition(":")[0] for name in chosen.split(";")]
    shown_by = {"wayland": ("WAYLAND_DISPLAY", "WAYLAND_SOCKET"), "xcb": ("DISPLAY",)}
    return [name for name, variables in shown_by.items() if any(map(os.environ.get, variables))]


def _missing_for(platform: str) -> str:
    """Return what keeps one Qt platform from opening a window, "" if nothing does."""
    if platform.startswith("wayland"):
        return _missing_library(QT_LIBRARIES | WAYLAND_LIBRARIES) or _unreachable_wayland()
    if platform == "xcb":
        return _missing_library(QT_LIBRARIES | XCB_LIBRARIES) or _unreachable_x11()
    return _missing_library(QT_LIBRARIES)  # offscreen, minimal, vnc, …: no display is needed


def _missing_library(packages: dict[str, str]) -> str:
    """Load each library, as Qt will a moment later; return a sentence about those that are not there."""
    absent = [library for library in packages if not _loads(library)]
    if not absent:
        return ""
    debian = " ".join(dict.fromkeys(packages[library] for library in absent))
    return (
        f"Qt needs system libraries that are missing here ({', '.join(absent)}): "
        f"install them (Debian, Ubuntu: sudo apt-get install {debian}), {WITHOUT_A_WINDOW}"
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _unreachable_x11() -> str:
    """Connect to the X server as Qt will; return a sentence if it does not answer."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)  # an object even where the connection failed
    failed = xcb.xcb_connection_has_error(connection) != 0
    xcb.xcb_disconnect(connection)
    return _unreachable("DISPLAY") if failed else ""


def _unreachable_wayland() -> str:
    """Connect to the Wayland compositor as Qt will; return a sentence if it does not answer."""
    if os.environ.get("WAYLAND_SOCKET"):  # an open connection handed down by the parent: it serves only once
        return ""
    absolute = os.environ.get("WAYLAND_DISPLAY", "").startswith("/")
    if not absolute and not os.environ.get("XDG_RUNTIME_DIR"):  # libwayland would print an error of its own
        return _unreachable("WAYLAND_DISPLAY")
    wayland = ctypes.CDLL("libwayland-client.so.0")
    wayland.wl_display_connect.restype = ctypes.c_void_p
    wayland.wl_display_connect.argtypes = [ctypes.c_char_p]
    wayland.wl_display_disconnect.argtypes = [ctypes.c_void_p]
    connection = wayland.wl_display_connect(None)
    if not connection:
        return _unreachable("WAYLAND_DISPLAY")
    wayland.wl_display_disconnect(connection)
    return ""


def _unreachable(variable: str) -> str:
    display = os.environ.get(variable, "")
    return (
        f"MLP Studio cannot reach the display {variable}={display}: start it in a desktop session, {WITHOUT_A_WINDOW}"
    )


def main() -> int:
    """Answer as a command: 0 where a window can be opened, else 2 and the sentence on stderr."""
    sentence = missing()
    if sentence:
        print(sentence, file=sys.stderr)
    return 2 if sentence else 0


if __name__ == "__main__":
    sys.exit(main())
