"""The scripts that make the bundle: what they leave out, refuse, licence and pack. The bundle itself is tried out by
`make bundle-check`, which CI runs."""

import hashlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tarfile
from configparser import RawConfigParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mlp_studio import __version__
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.self_test.contents import KINDS

PACKAGING = Path(__file__).parents[1] / "packaging"
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


@pytest.fixture(scope="module", autouse=True)
def scripts_beside_each_other():
    sys.path.insert(0, str(PACKAGING))
    yield
    sys.path.remove(str(PACKAGING))


def script(name):
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", PACKAGING / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what is left out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", True),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", True),
        ("PySide6/Qt/plugins/iconengines/libqsvgicon.so", True),
        ("PySide6/Qt/plugins/imageformats/libqsvg.so", True),
        ("PySide6\\plugins\\platforms\\qwindows.dll", True),
        ("PySide6/Qt/plugins/platforms/libqcocoa.dylib", True),
        ("PySide6/Qt/plugins/platforms/libqvnc.so", False),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so", False),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("torch/bin/protoc", False),
        ("torch/bin/torch_shm_manager", True),
        ("torch/lib/libtorch_cpu.so", True),
        ("numpy/core/tests/data.txt", False),
        ("mlp_studio/_resources/lessons/data.md", True),
    ],
)
def test_what_goes_into_the_bundle(place, wanted):
    assert script("trim").is_wanted(place) == wanted


def test_nothing_that_the_studio_imports_is_left_out():
    left_out = {*script("trim").MODULES}
    code = "import sys, mlp_studio.app, sklearn.datasets, pandas, onnx, nbformat, PIL.Image; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "mlp_studio.app" in done.stdout.split()
    needed = {"sqlite3", "setuptools", "jinja2"} & left_out  # what pandas and onnx take where it is there
    assert not left_out & {*done.stdout.split()} - needed


def folder_of(tmp_path, *places):
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(bytes(1000))
    return tmp_path


@pytest.mark.parametrize(
    "place",
    [
        "_internal/torch/bin/protoc",
        "_internal/torch/include/ATen/ATen.h",
        "_internal/torch/test/test_jit",
        "_internal/PySide6/Qt/lib/libQt6Quick.so.6",
        "_internal/PySide6/Qt/lib/libQt6Qml.so.6",
        "_internal/PySide6/Qt/lib/libQt6Pdf.so.6",
        "_internal/PySide6/Qt/lib/libQt6VirtualKeyboard.so.6",
        "_internal/PySide6/QtQuick.abi3.so",
        "_internal/PyQt6/QtCore.abi3.so",
        "_internal/sklearn/tests/test_base.py",
        "_internal/numpy/numpy.h",
    ],
)
def test_the_audit_refuses_what_should_not_be_there(tmp_path, place):
    folder = folder_of(tmp_path, "MLPStudio", "_internal/PySide6/QtCore.abi3.so", place)
    found = script("audit").complaints(folder, "full")
    assert found[0] == f"“{place}” should not be there."


def test_the_audit_lists_the_largest_parts_and_refuses_size_and_torch(tmp_path, monkeypatch):
    audit = script("audit")
    folder = folder_of(tmp_path, "MLPStudio", "_internal/PySide6/QtCore.abi3.so", "_internal/torch/lib/libtorch_cpu.so")
    assert audit.complaints(folder, "full") == []
    assert "torch/" in audit.report(folder, "full")
    assert audit.complaints(folder, "lite") == ["“torch” should not be there without PyTorch."]
    monkeypatch.setitem(audit.MOST_MEGABYTES, "full", 0.002)
    assert audit.complaints(folder, "full") == ["It takes 0 MB, and 0.002 MB are the most."]
    assert audit.MOST_MEGABYTES["lite"] == 350


@linux
def test_libraries_that_nothing_needs_any_more_are_left_out():
    python = Path(sys.executable).resolve()
    names = subprocess.run(["ldd", python], capture_output=True, text=True, check=True).stdout.split()
    library = next(name for name in names if name.startswith("/") and "libc.so" in name)
    files = {"python": str(python), "libc.so.6": library, "libnone.so": library}
    found = script("needed").needed(files, ["libc.so.6", "libnone.so"])
    assert found == {"libc.so.6"}


# --- licences ------------------------------------------------------------------------------------------------


def distribution(tmp_path, metadata, *texts):
    folder = tmp_path / "thing-1.0.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: thing\nVersion: 1.0\n{metadata}\n")
    for text in texts:
        (folder / "licenses" / text).write_text("terms")
    files = ["METADATA", *(f"licenses/{text}" for text in texts)]
    (folder / "RECORD").write_text("".join(f"thing-1.0.dist-info/{file},,\n" for file in files))
    return importlib.metadata.Distribution.at(folder)


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT", "MIT"),
        ("License-Expression: BSD-3-Clause AND (MIT OR GPL-2.0-only)", "BSD-3-Clause AND (MIT OR GPL-2.0-only)"),
        ("License: BSD 3-Clause License", "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
    ],
)
def test_a_known_licence_goes_in(tmp_path, metadata, licence):
    assert script("licences").licence(distribution(tmp_path, metadata)) == licence


@pytest.mark.parametrize(
    "metadata",
    ["", "License: all rights reserved", "License-Expression: GPL-3.0-only", "License-Expression: MIT AND SSPL-1.0"],
)
def test_an_unknown_or_unfit_licence_ends_the_build(tmp_path, metadata):
    licences = script("licences")
    with pytest.raises(licences.LicenceError, match=r"^thing .*packaging/licences\.py"):
        licences.licence(distribution(tmp_path, metadata))


def test_every_locked_library_has_a_licence_and_its_text():
    licences = script("licences")
    lock = (PACKAGING / "requirements.lock").read_text(encoding="utf-8")
    names = [line.partition("==")[0] for line in lock.splitlines() if "==" in line]
    assert len(names) > 30
    for name in [*names, "pyinstaller"]:
        found = importlib.metadata.distribution(name)
        assert licences.licence(found)
        assert licences.texts(found) or licences.canonical(name) in licences.TEXTS, name


def test_a_packaged_file_leads_to_its_distribution():
    import numpy as np

    licences = script("licences")
    assert [found.name for found in licences.packaged([np.__file__, os.devnull])] == ["numpy"]
    files = licences.metadata_files([importlib.metadata.distribution("numpy")])
    assert any(place.endswith(".dist-info/METADATA") for _, place in files)
    assert any(place.endswith("/LICENSE.txt") for _, place in files)
    assert licences.of_python().stat().st_size > 1000


# --- archive and desktop -------------------------------------------------------------------------------------


def test_the_same_content_gives_the_same_archive(tmp_path):
    archive, sums = script("archive"), []
    for number in (1, 2):
        folder = folder_of(tmp_path / str(number) / "MLPStudio", "MLPStudio", "_internal/b/c.txt", "_internal/a.txt")
        (folder / "MLPStudio").chmod(0o755)
        os.utime(folder / "_internal" / "a.txt", (number, number))
        sums.append(archive.pack(folder, tmp_path / f"{number}.tar.gz"))
    assert sums[0] == sums[1]
    packed = tmp_path / "1.tar.gz"
    assert sums[0] == hashlib.sha256(packed.read_bytes()).hexdigest()
    assert (tmp_path / "1.tar.gz.sha256").read_text() == f"{sums[0]}  1.tar.gz\n"
    with tarfile.open(packed) as tar:
        modes = {entry.name: entry.mode for entry in tar if entry.isfile()}
    assert modes == {
        "MLPStudio/MLPStudio": 0o755,
        "MLPStudio/_internal/a.txt": 0o644,
        "MLPStudio/_internal/b/c.txt": 0o644,
    }


def test_icons_are_made_in_every_size(tmp_path, qapp):
    from PySide6.QtGui import QImage

    pictures = script("pictures")
    pictures.make_icons(PACKAGING.parent / "resources" / "icons" / "mlp-studio.svg", tmp_path)
    for size in pictures.SIZES:
        image = QImage(str(tmp_path / f"mlp-studio-{size}.png"))
        assert (image.width(), image.height()) == (size, size)
        assert image.pixelColor(0, 0).alpha() < 255
        assert image.pixelColor(size // 2, size // 8).alpha() > 0
    assert not QImage(str(tmp_path / "mlp-studio.ico")).isNull()
    assert (tmp_path / "mlp-studio.icns").read_bytes().startswith(b"icns")


def test_projects_have_a_type_of_their_own():
    root = ET.parse(PACKAGING / "desktop" / "mlp-studio.xml").getroot()  # noqa: S314 - it is ours
    names = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}
    kind = root.find("m:mime-type", names).attrib["type"]
    assert root.find("m:mime-type/m:glob", names).attrib["pattern"] == "*.mlps"
    entry = RawConfigParser(interpolation=None)
    entry.optionxform = str
    entry.read(PACKAGING / "desktop" / "mlp-studio.desktop", encoding="utf-8")
    section = entry["Desktop Entry"]
    assert kind in section["MimeType"].split(";")
    assert section["Exec"].endswith(" %f")
    assert section["StartupWMClass"] == "mlp-studio"


@linux
def test_the_desktop_entry_starts_the_folder_wherever_it_is(tmp_path):
    program = tmp_path / 'odd $HOME "quoted" & 100% `x`' / "MLPStudio"
    desktop = program / "desktop"
    (desktop / "icons" / "hicolor" / "48x48" / "apps").mkdir(parents=True)
    (desktop / "icons" / "hicolor" / "48x48" / "apps" / "mlp-studio.png").touch()
    for name in ("mlp-studio.desktop", "mlp-studio.xml", "install-desktop.sh"):
        (desktop / name).write_bytes((PACKAGING / "desktop" / name).read_bytes())
    data = tmp_path / "data"
    run = ["sh", str(desktop / "install-desktop.sh")]
    subprocess.run(run, env=os.environ | {"XDG_DATA_HOME": str(data)}, check=True, capture_output=True)
    lines = (data / "applications" / "mlp-studio.desktop").read_text().splitlines()
    # a desktop reads "\\\\" as one backslash, and within quotation marks \" \$ \` as the character
    execute = next(line for line in lines if line.startswith("Exec="))
    quoted = execute.removeprefix('Exec="').removesuffix('" %f').replace("\\\\", "\\").replace("%%", "%")
    plain = quoted.replace('\\"', '"').replace("\\$", "$").replace("\\`", "`")
    assert plain == f"{program}/MLPStudio"
    assert f"TryExec={program}/MLPStudio" in lines
    subprocess.run([*run, "--remove"], env=os.environ | {"XDG_DATA_HOME": str(data)}, check=True, capture_output=True)
    assert not (data / "applications" / "mlp-studio.desktop").exists()
    assert not list((data / "icons").rglob("*.png"))


# --- the spec ------------------------------------------------------------------------------------------------


def test_the_bundle_is_named_by_version_and_system():
    build = script("build")
    assert build.name("full").startswith(f"MLPStudio-{__version__}-")
    assert build.name("lite").endswith("-lite")
    assert f"'{__version__}'" in build.windows_version()
    compile((PACKAGING / "mlp-studio.spec").read_text(encoding="utf-8"), "mlp-studio.spec", "exec")


def test_the_self_test_knows_every_kind_of_file_and_every_backend():
    from mlp_studio.self_test.checks import CHECKS

    assert {suffix for entry in EXPORTS.values() for suffix in entry.suffixes[:1]} <= KINDS.keys()
    assert {f"export {name}" for name in EXPORTS} | {f"train {name}" for name in BACKENDS} <= CHECKS.keys()
