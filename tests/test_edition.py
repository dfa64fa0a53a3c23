"""What a bundle, or an installation that lacks a library, says and writes: versions, streams, backends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlp_studio import __main__, cli
from mlp_studio.core import diagnostics, output
from mlp_studio.core.backends import registry
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.errors import BackendError, DataError
from mlp_studio.core.readers import find_kind
from mlp_studio.core.trainer import Training

ROOT = Path(__file__).parents[1]


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def bundle(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)


# --- PyTorch that is not there ------------------------------------------------------------------------------


def test_every_backend_that_is_installed_can_be_had():
    assert [registry.why_not(name) for name in registry.BACKENDS] == ["", ""]


def test_without_torch_the_sentence_says_how_to_install_it(no_torch):
    assert registry.why_not("numpy") == ""
    sentence = "PyTorch is not installed: run “pip install torch”, or choose the NumPy backend."
    assert registry.why_not("torch") == sentence
    experiment = with_settings(Experiment(), {"model.backend": "torch"})
    with pytest.raises(BackendError, match=r"^PyTorch is not installed: run “pip install torch”"):
        Training(experiment, load_prepared(experiment))


def test_in_a_bundle_nothing_can_be_installed(no_torch, bundle):
    assert "download the full edition" in registry.why_not("torch")
    assert "pip" not in registry.why_not("torch")


def test_the_command_line_says_the_same_sentence(no_torch, capsys):
    assert cli.main(["train", "--set", "model.backend=torch", "--quiet"]) == 2
    assert capsys.readouterr().err == registry.why_not("torch") + "\n"


def test_a_bundle_that_lacks_a_reader_asks_for_csv(bundle, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = tmp_path / "table.parquet"
    file.write_bytes(b"PAR1" + bytes(40))
    with pytest.raises(DataError) as caught:
        find_kind(file)
    assert str(caught.value).endswith("reading it needs pyarrow: save the table as CSV.")


# --- diagnostics --------------------------------------------------------------------------------------------


def test_diagnostics_name_the_program_the_system_and_every_library(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--diagnostics"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == diagnostics.versions_block().splitlines()
    assert lines[0].startswith("MLP Studio 0.")
    assert lines[1].startswith(f"Python {sys.version.split()[0]} · ")
    assert len(lines) == 2 + len(diagnostics.PACKAGES)
    assert not any(line.endswith("not installed") for line in lines)


def test_diagnostics_say_what_is_a_bundle(bundle):
    assert diagnostics.versions_block().splitlines()[0].endswith(" (bundle)")


# --- streams ------------------------------------------------------------------------------------------------


def without_streams(*words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program with stdin, stdout and stderr closed, as a window without a console has them."""
    command = 'exec "$0" -m mlp_studio "$@" <&- >&- 2>&-'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, *words], cwd=ROOT, env=os.environ | variables, timeout=120
    )


@pytest.mark.skipif(sys.platform == "win32", reason="closes streams with a shell")
def test_without_streams_a_file_takes_what_would_have_been_printed():
    assert without_streams("lessons").returncode == 0
    text = output.output_file().read_text(encoding="utf-8")
    assert "numpy-mlp" in text
    assert without_streams("lessons", "--nonsense").returncode == 2
    added = output.output_file().read_text(encoding="utf-8").removeprefix(text)
    assert added == "“--nonsense” means nothing here; “mlp-studio lessons --help” shows what can be given.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a display elsewhere")
def test_without_streams_and_display_the_sentence_is_in_the_file(monkeypatch):
    for variable in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"):
        monkeypatch.delenv(variable, raising=False)
    assert without_streams().returncode == __main__.NO_DISPLAY
    assert "MLP Studio found no display" in output.output_file().read_text(encoding="utf-8")


WHERE_QT_PUTS_IT = """
from PySide6.QtCore import QCoreApplication, QStandardPaths
application = QCoreApplication([])
application.setApplicationName("MLP Studio")
application.setOrganizationName("MLP Studio")
print(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation))
"""


def test_the_file_stands_beside_the_windows_log():
    done = subprocess.run([sys.executable, "-c", WHERE_QT_PUTS_IT], capture_output=True, text=True, check=True)
    assert output.output_file().parent == Path(done.stdout.strip())


def test_a_long_file_is_begun_anew_and_a_home_that_is_read_only_does_no_harm(monkeypatch, tmp_path):
    file = output.output_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(output.MOST_BYTES + 1))
    with output.open_output() as stream:
        stream.write("new\n")
    assert file.read_text() == "new\n"
    (tmp_path / "no-folder").touch()
    monkeypatch.setattr(output, "output_file", lambda: tmp_path / "no-folder" / "output.log")
    with output.open_output() as stream:
        stream.write("lost\n")


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, {"LC_CTYPE": "C.UTF-8"}),
        ({"LANG": "C", "LC_ALL": "POSIX"}, {"LANG": "C", "LC_CTYPE": "C.UTF-8"}),
        ({"LANG": "de_DE.UTF-8"}, {"LANG": "de_DE.UTF-8"}),
        ({"LC_ALL": "en_GB.ISO-8859-1"}, {"LC_ALL": "en_GB.ISO-8859-1"}),
    ],
)
def test_a_bundle_without_a_language_speaks_utf_8(monkeypatch, given, left):
    names = ("LANG", "LC_CTYPE", "LC_ALL")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    __main__._speak_utf8()
    assert {name: os.environ[name] for name in names if name in os.environ} == left
