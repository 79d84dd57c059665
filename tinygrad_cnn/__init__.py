"""The CNN textbook that runs: a small autograd engine, every operation twice in plain Python, for CPU and CUDA."""

from importlib.metadata import PackageNotFoundError, version

from . import models, nn, optim
from .anomaly import detect_anomaly
from .autograd import Function, enable_grad, no_grad, set_grad_enabled
from .creation import arange, empty, from_dlpack, from_numpy, full, ones, ones_like, rand, randn, tensor, zeros, zeros_like
from .devices import Device as device
from .devices import default_device, set_default_device
from .functions import (
    add,
    argmax,
    broadcast_to,
    cat,
    div,
    eq,
    exp,
    flatten,
    ge,
    gt,
    le,
    log,
    log_softmax,
    lt,
    matmul,
    max,
    mean,
    mul,
    ne,
    neg,
    permute,
    pow,
    relu,
    reshape,
    sigmoid,
    softmax,
    split,
    sqrt,
    squeeze,
    stack,
    sub,
    sum,
    tanh,
    transpose,
    unsqueeze,
    where,
)
from .gradient import grad
from .gradient_check import gradcheck, gradgradcheck
from .installation import report
from .random import manual_seed
from .saving import load, save
from .shapes import BOOL as bool
from .shapes import FLOAT32 as float32
from .shapes import FLOAT64 as float64
from .shapes import INT32 as int32
from .shapes import INT64 as int64
from .shapes import UINT8 as uint8
from .tensor import Tensor
from .threads import get_num_threads, set_num_threads
from .weights import load_weights, read_weights, save_weights

try:
    __version__ = version("tinygrad-cnn")
except PackageNotFoundError:  # the sources, not installed
    __version__ = "0+sources"
