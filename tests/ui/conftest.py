"""What the window's tests begin with: settings of their own, a studio without a window, or the window itself."""

import pytest
from PySide6.QtCore import QSettings

from mlp_studio.app import make_application, make_window
from mlp_studio.ui import theme
from mlp_studio.ui.store import Store
from mlp_studio.ui.studio import Studio
from tests.ui.helpers import SECONDS, run_of


@pytest.fixture
def settings(tmp_path):
    """Settings as a person has them who is new to the program."""
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def studio(qapp, qtbot):
    """A studio without data, for a panel on its own."""
    qapp.setStyle("Fusion")
    made = Studio(Store())
    yield made
    assert made.shut_down(20_000)


@pytest.fixture
def window(qapp, qtbot, settings):
    """The window, with the spiral and its first regions drawn."""
    make_application()
    made = make_window(settings)
    made.resize(1280, 800)
    made.show()
    qtbot.waitUntil(lambda: run_of(made).raster is not None, timeout=SECONDS)
    yield made
    assert made.studio.shut_down(20_000)
    made.close()
    made.deleteLater()
    theme.apply_scheme("system")
