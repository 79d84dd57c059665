"""The CNN textbook that runs: a small autograd engine, every operation twice in plain Python, for CPU and CUDA."""

import typing
from importlib import metadata
from math import e, inf, nan, pi
from types import ModuleType as _ModuleType

import numpy as np

from . import autograd, backends, cuda, left_out, models, nn, optim, random, utils
from .anomaly import detect_anomaly
from .autograd import Function
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
    scalar_tensor,
    tensor,
    zeros,
    zeros_like,
)
from .defaults import get_default_dtype, set_default_dtype
from .devices import Device as device
from .devices import default_device, set_default_device
from .functions import *  # noqa: F403  # the operations; that folder lists them one by one
from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .grad_mode import recording as is_grad_enabled
from .gradient import grad
from .gradient_check import gradcheck, gradgradcheck
from .installation import report
from .memory_format import channels_last, channels_last_3d, contiguous_format, layout, memory_format, preserve_format, strided
from .nn.functional import (
    adaptive_avg_pool1d,
    adaptive_max_pool1d,
    alpha_dropout,
    avg_pool1d,
    celu,
    channel_shuffle,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    cosine_embedding_loss,
    cosine_similarity,
    dropout,
    feature_alpha_dropout,
    group_norm,
    hardshrink,
    hinge_embedding_loss,
    layer_norm,
    margin_ranking_loss,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    pairwise_distance,
    pixel_shuffle,
    pixel_unshuffle,
    poisson_nll_loss,
    prelu,
    rrelu,
    selu,
    threshold,
    triplet_margin_loss,
)
from .printing import set_printoptions
from .pytorch import accelerator, amp, places
from .pytorch.amp import GradScaler, autocast
from .pytorch.settings import (
    _assert,
    are_deterministic_algorithms_enabled,
    compile,
    finfo,
    get_default_device,
    get_float32_matmul_precision,
    get_rng_state,
    set_default_tensor_type,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_rng_state,
    typename,
    use_deterministic_algorithms,
)
from .pytorch.typed import BoolTensor, ByteTensor, DoubleTensor, FloatTensor, IntTensor, LongTensor
from .random import Generator, default_generator, initial_seed, manual_seed, seed
from .saving import load, save
from .shapes import BOOL as bool
from .shapes import FLOAT32 as float
from .shapes import FLOAT32 as float32
from .shapes import FLOAT64 as double
from .shapes import FLOAT64 as float64
from .shapes import INT32 as int
from .shapes import INT32 as int32
from .shapes import INT64 as int64
from .shapes import INT64 as long
from .shapes import UINT8 as uint8
from .shapes import Size
from .tensor import Tensor
from .threads import get_num_threads, set_num_threads
from .weights import load_weights, read_weights, save_weights

newaxis = None
dtype, iinfo = np.dtype, np.iinfo  # dtypes are numpy's
places.fill()

try:
    __version__ = metadata.version("tinygrad-cnn")
except metadata.PackageNotFoundError:  # the sources, not installed
    __version__ = "0+sources"

_NAMESPACES = ("accelerator", "amp", "autograd", "backends", "cuda", "data", "models", "nn", "optim", "random", "utils")


def __dir__() -> list[str]:
    """What a user may want, for completion: not the files that it comes from."""
    return [*_NAMESPACES, *(name for name, value in globals().items() if not isinstance(value, _ModuleType))]


if typing.TYPE_CHECKING:
    from . import data
else:  # not for the type checker, which is to know every name
    __getattr__ = left_out.guard("tinygrad_cnn", globals())
