"""PyTorch as far as training needs it, in place of the hook that comes with PyInstaller and collects all of it.

Left out: programs, headers and tests; compilers (inductor), exporters and what they import. torch reads its own
sources, so they stay beside the bytecode ("pyz+py").
"""

from pathlib import Path

from PyInstaller.utils.hooks import collect_dynamic_libs, get_package_paths

module_collection_mode = "pyz+py"
warn_on_missing_hiddenimports = False
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]  # torch looks for its libraries beside each other
excludedimports = [
    "torch._inductor",
    "torch.onnx",
    "torch.utils.tensorboard",
    "torch.utils.benchmark",
    "torch.utils.cpp_extension",
    "sympy",
    "mpmath",
    "networkx",
    "jinja2",
    "setuptools",
]
TESTS = ("test", "jitbackend", "backend_with_compiler", "aoti_custom_ops")  # the libraries of torch's own tests
binaries = [
    (source, target)
    for source, target in collect_dynamic_libs("torch", search_patterns=["*.dll", "*.dylib", "lib*.so", "*.so.*"])
    if not any(word in Path(source).name for word in TESTS) and Path(source).parent.name != "test"
]
binaries += [(str(path), "torch/bin") for path in Path(get_package_paths("torch")[1]).glob("bin/torch_shm_manager")]
datas: list[tuple[str, str]] = []
