"""The window: the only place that imports PySide6 and pyqtgraph."""

from mlp_studio.ui import libraries

libraries.load()  # before any other part of it
