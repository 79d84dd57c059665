"""The CNN textbook that runs: a small autograd engine, every operation twice in plain Python, for CPU and CUDA."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from . import autograd, backends, cuda, models, nn, optim, utils
from .anomaly import detect_anomaly
from .autograd import Function, enable_grad, no_grad, set_grad_enabled
from .checkpoint import checkpoint
from .creation import (
    arange,
    as_tensor,
    asarray,
    bernoulli,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from .devices import Device as device
from .devices import default_device, set_default_device
from .functions import *  # noqa: F403  # the operations; that folder lists them one by one
from .gradient import grad
from .gradient_check import gradcheck, gradgradcheck
from .installation import report
from .left_out import guard
from .random import Generator, manual_seed
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

Size: type[tuple[int, ...]] = tuple  # PyTorch's name for what a shape is
autograd.grad, autograd.gradcheck, autograd.gradgradcheck = grad, gradcheck, gradgradcheck  # its places for them

try:
    __version__ = version("tinygrad-cnn")
except PackageNotFoundError:  # the sources, not installed
    __version__ = "0+sources"

if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("tinygrad_cnn", globals())
