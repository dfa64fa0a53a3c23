"""MLP Studio: a desktop laboratory for multilayer perceptrons."""

__version__ = "0.1.0"
