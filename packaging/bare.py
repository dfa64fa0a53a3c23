"""The least bundle of PySide6 and pyqtgraph, one plot in a window: what `make bundle-bench` measures against."""

import os

os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

from PySide6.QtWidgets import QApplication, QMainWindow  # isort: skip
import pyqtgraph as pg  # isort: skip
from painted import Painted  # isort: skip

application = QApplication([])
window = QMainWindow()
window.resize(1280, 800)
plot = pg.PlotWidget()
window.setCentralWidget(plot)
painted = Painted(plot.viewport())
window.show()
application.exec()
