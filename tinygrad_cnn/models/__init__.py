"""The networks of the slides: one paper, one file. `create("mnist_cnn")` builds one by name."""

from .lenet import lenet
from .mlp import mlp, mlp_batchnorm, mlp_dropout, mlp_sigmoid_100_100, softmax_regression
from .mnist_cnn import mnist_cnn, mnist_cnn_bn
from .registry import Entry, Paper, create, entry, list_models, register

__all__ = [  # noqa: RUF022  # a line for each file
    "Entry", "Paper", "create", "entry", "list_models", "register",
    "lenet",
    "mlp", "mlp_batchnorm", "mlp_dropout", "mlp_sigmoid_100_100", "softmax_regression",
    "mnist_cnn", "mnist_cnn_bn",
]
