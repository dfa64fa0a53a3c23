import json
import pkgutil
import subprocess
import sys

import mlp_studio.core

# The torch backend is imported when it is first chosen, the estimator by `mlp_studio.load` alone.
BRING_THEIR_LIBRARY = ("mlp_studio.core.backends.torch_mlp", "mlp_studio.core.estimator")
HEAVY = ("PySide6", "pyqtgraph", "torch", "pandas", "sklearn", "scipy", "tqdm")


def test_importing_a_core_module_brings_no_qt_and_no_heavy_library_along():
    names = [module.name for module in pkgutil.walk_packages(mlp_studio.core.__path__, "mlp_studio.core.")]
    for name in BRING_THEIR_LIBRARY:
        names.remove(name)
    program = f"""
import importlib, json, sys
brought = {{}}
for name in {names}:
    importlib.import_module(name)
    brought[name] = [heavy for heavy in {HEAVY} if heavy in sys.modules]
print(json.dumps(brought))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {name: [] for name in names}
