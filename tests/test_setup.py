"""The ground: the lock and the ranges agree, the layers hold, a missing display is said and not died of."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlp_studio import display

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "packaging" / "requirements.lock"
DEV_LOCK = ROOT / "packaging" / "requirements-dev.lock"
SYSTEM_LIBRARIES = ROOT / "packaging" / "system-libraries.sh"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TABLE = display.QT_LIBRARIES | display.XCB_LIBRARIES | display.WAYLAND_LIBRARIES

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
debian = pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="Debian and Ubuntu only")


# --- Can a window be opened? -------------------------------------------------------------------------------


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


@pytest.fixture
def x_server() -> Iterator[str]:
    """An X server on a free number; its DISPLAY. No reset: after one client it would refuse the next for a moment."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    command = ["Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "800x600x24", "-noreset"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and ". " not in text


@linux
def test_without_a_display_a_sentence_says_how_to_go_on(no_display):
    sentence = display.missing()
    assert is_one_sentence(sentence)
    assert "no display" in sentence
    assert "mlp-studio train" in sentence


@linux
@pytest.mark.parametrize(
    ("variable", "value"),
    [("DISPLAY", ":4093"), ("WAYLAND_DISPLAY", "wayland-4093"), ("WAYLAND_DISPLAY", "/nowhere")],
)
@pytest.mark.parametrize("has_runtime_folder", [True, False])
def test_a_dead_display_is_named(no_display, tmp_path, capfd, variable, value, has_runtime_folder):
    no_display.setenv(variable, value)
    if has_runtime_folder:
        no_display.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    else:
        no_display.delenv("XDG_RUNTIME_DIR", raising=False)
    sentence = display.missing()
    assert is_one_sentence(sentence)
    assert f"{variable}={value}" in sentence
    assert capfd.readouterr() == ("", "")  # no C library talks over us


@linux
def test_a_live_display_is_enough_even_beside_a_dead_one(no_display, x_server):
    no_display.setenv("DISPLAY", x_server)
    assert display.missing() == ""
    no_display.setenv("WAYLAND_DISPLAY", "wayland-4093")
    assert display.missing() == ""


@linux
def test_a_chosen_platform_is_the_only_one_asked(no_display, x_server):
    no_display.setenv("DISPLAY", x_server)
    no_display.setenv("QT_QPA_PLATFORM", "wayland")
    assert "cannot reach" in display.missing()
    no_display.setenv("QT_QPA_PLATFORM", "wayland;xcb")
    assert display.missing() == ""


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc", "offscreen:fontengine=freetype"])
def test_platforms_that_show_nothing_need_no_display(no_display, platform):
    no_display.setenv("QT_QPA_PLATFORM", platform)
    assert display.missing() == ""


@linux
@pytest.mark.parametrize("platform", ["offscreen", "xcb"])
def test_a_missing_library_is_named_with_its_package(no_display, platform):
    no_display.setenv("QT_QPA_PLATFORM", platform)
    no_display.setitem(display.QT_LIBRARIES, "libnonsense.so.9", "libnonsense9")
    sentence = display.missing()
    assert is_one_sentence(sentence)
    assert "libnonsense.so.9" in sentence
    assert "apt-get install libnonsense9)" in sentence


@linux
def test_as_a_command_it_says_the_sentence_and_exits_with_2(no_display):
    command = [sys.executable, "-m", "mlp_studio.display"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert is_one_sentence(refused.stderr.removesuffix("\n"))
    no_display.setenv("QT_QPA_PLATFORM", "offscreen")
    accepted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (accepted.returncode, accepted.stdout, accepted.stderr) == (0, "", "")


@linux
def test_every_library_that_the_wheel_expects_is_known():
    readelf = shutil.which("readelf")
    if not readelf:
        pytest.skip("readelf is not installed")
    qt = Path(str(importlib.metadata.distribution("PySide6-Essentials").locate_file("PySide6"))) / "Qt"
    own = [
        qt / "lib" / f"libQt6{name}.so.6"
        for name in ("Core", "DBus", "Gui", "Widgets", "Svg", "XcbQpa", "WaylandClient")
    ]
    own += [qt / "plugins" / "platforms" / f"lib{name}.so" for name in ("qxcb", "qwayland", "qoffscreen")]
    dynamic = subprocess.run([readelf, "-d", *own], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    of_every_system = re.compile(r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so|ld-linux|libQt6|libicu")
    assert {library for library in needed if not of_every_system.match(library)} <= TABLE.keys()


# --- The system-libraries script ---------------------------------------------------------------------------


def run_system_libraries(*arguments: str, **stand_ins: str) -> subprocess.CompletedProcess[str]:
    """Run the script as an ordinary user, with scripts in place of the named commands."""
    folder = Path(os.environ["HOME"])
    for name, script in ({"id": "echo 1000"} | stand_ins).items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run([SYSTEM_LIBRARIES, *arguments], env=environment, capture_output=True, text=True)


@linux
def test_the_system_libraries_script_is_silent_where_nothing_is_missing():
    assert SYSTEM_LIBRARIES.read_bytes().startswith(b"#!/bin/sh\n")
    subprocess.run(["sh", "-n", SYSTEM_LIBRARIES], check=True)
    done = run_system_libraries("--tests")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@debian
def test_the_system_libraries_script_names_every_missing_package_in_one_line():
    renamed = '[ "$2" = libglib2.0-0t64 ] && echo "  Candidate: 2.84"; exit 0'
    done = run_system_libraries(ldconfig="", **{"apt-cache": renamed})
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("\n") == 1
    expected = {*TABLE.values(), "libglib2.0-0t64"} - {"libglib2.0-0"}
    assert set(done.stderr.partition("apt-get install ")[2].split()) == expected


# --- The lock ----------------------------------------------------------------------------------------------


def pins(lock: Path) -> dict[str, str]:
    """Return name → version of a lock's own lines."""
    lines = (line.partition("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    requirements = [Requirement(line) for line in lines if line and not line.startswith("-")]
    for requirement in requirements:
        assert [clause.operator for clause in requirement.specifier] == ["=="], requirement
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


RUNTIME = pins(LOCK)
EVERYTHING = RUNTIME | pins(DEV_LOCK)


@pytest.mark.parametrize(
    ("stated", "locked"),
    [
        (PROJECT["project"]["dependencies"], RUNTIME),
        (PROJECT["dependency-groups"]["dev"] + PROJECT["build-system"]["requires"], EVERYTHING),
    ],
    ids=["runtime", "development"],
)
def test_the_lock_is_inside_the_stated_ranges(stated, locked):
    for requirement in map(Requirement, stated):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("locked", [RUNTIME, EVERYTHING], ids=["runtime", "development"])
def test_the_lock_holds_everything_that_its_packages_require(locked):
    for name in locked:
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # a package of another platform, or a build tool that was left out here
        for requirement in map(Requirement, requires):
            if requirement.marker and not requirement.marker.evaluate({**default_environment(), "extra": ""}):
                continue
            version = locked.get(canonicalize_name(requirement.name))
            assert version, f"{name} requires {requirement}"
            assert requirement.specifier.contains(version), f"{name} requires {requirement}"


def test_the_lock_leaves_it_to_pip_where_packages_come_from():
    for lock in (LOCK, DEV_LOCK):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^-(?!r requirements\.lock$)", text, re.MULTILINE)


# --- The layers --------------------------------------------------------------------------------------------

# Everything below the window in one interpreter, but for the two modules that bring their library along.
IMPORT_ALL_BUT_THE_WINDOW = """
import importlib, pkgutil, sys
import mlp_studio.cli, mlp_studio.core
for package in (mlp_studio.core, mlp_studio.cli):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name not in ("mlp_studio.core.backends.torch_mlp", "mlp_studio.core.estimator"):
            importlib.import_module(module.name)
print(*sorted(sys.modules))
"""


def test_core_and_cli_bring_along_no_window_no_qt_and_no_heavy_library():
    command = [sys.executable, "-c", IMPORT_ALL_BUT_THE_WINDOW]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert "mlp_studio.core.network" in imported
    packages = {name.partition(".")[0] for name in imported}
    assert not packages & {"PySide6", "shiboken6", "pyqtgraph", "torch", "pandas", "sklearn", "scipy"}
    assert not {"mlp_studio.ui", "mlp_studio.app"} & imported


def test_the_display_check_is_light():
    code = "import sys, mlp_studio.display as d; d.missing(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"PySide6", "numpy", "mlp_studio.core"} & set(done.stdout.split())
