"""The networks of the slides: one paper, one file. `create("mnist_cnn")` builds one by name."""

from .mnist_cnn import mnist_cnn, mnist_cnn_bn
from .registry import Entry, create, entry, list_models, register

__all__ = ["Entry", "create", "entry", "list_models", "mnist_cnn", "mnist_cnn_bn", "register"]
