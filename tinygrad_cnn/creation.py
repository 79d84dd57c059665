"""Functions that make tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import Any, TypeVar

import numpy as np

from . import dlpack, shapes
from .defaults import get_default_dtype
from .devices import Device, default_device, package
from .memory_format import arranged, memory_format, preserve_format
from .methods.shaping import several
from .operators import Number
from .ops import layout, making, random
from .random import Generator, stream
from .tensor import Tensor, around

F = TypeVar("F", bound=Callable[..., Any])


def written(name: str, result: Any, out: Any) -> Any:
    """`out`, made to hold the result; or one tensor each for several."""
    if isinstance(result, tuple):
        return type(result)(*[written(name, each, into) for each, into in zip(result, out)])
    if result.requires_grad:
        raise RuntimeError(f"{name}: out is given but the result requires grad, which is recorded for new tensors only; use "
                           "no_grad, or leave out away")
    if not shapes.can_cast(result.dtype, out.dtype):
        raise RuntimeError(f"{name}: out has dtype {out.dtype.name} but the result is {result.dtype.name}; give an out that "
                           "can hold it")
    if out.shape != result.shape:
        out.array = out.new_empty(result.shape).array
    return out.copy_(result)


def fills(function: F) -> F:
    """Decorator of a function that makes a tensor: with `out`, a tensor, it is made there, of its dtype."""

    @wraps(function)
    def filling(*arguments: Any, out: Tensor | None = None, **options: Any) -> Any:
        if out is None:
            return function(*arguments, **options)
        made = function(*arguments, **{**options, "dtype": options.get("dtype") or out.dtype, "device": out.device})
        return written(function.__name__, made, out)

    return filling  # type: ignore[return-value]


def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`: a number, nested sequences, an array, a tensor. Python floats become float32, ints
    int64; arrays keep their dtype."""
    if device is None and isinstance(data, Tensor):
        device = data.device
    return around(package(_place(device)).upload(making.as_array("tensor", data, dtype)), requires_grad)


def scalar_tensor(s: Number, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **hints: Any) -> Tensor:
    """A tensor of no axes, of the default dtype unless said otherwise."""
    dtype = get_default_dtype() if dtype is None else dtype
    return full((), s, dtype=dtype, device=device, requires_grad=requires_grad, **hints)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor with `data`, in the same memory where that is possible: of a tensor, or of a numpy array on the CPU."""
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    if isinstance(data, np.ndarray) and data.dtype in shapes.DTYPES and data.flags.writeable:
        return from_numpy(data).to(device=device, dtype=dtype)
    return tensor(data, dtype, device)


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
            requires_grad: bool = False) -> Tensor:
    """`as_tensor`; `copy` True: in memory of its own."""
    made = as_tensor(obj, dtype, device)
    made = made.clone() if copy else made
    return made.detach().requires_grad_() if requires_grad else made


def from_numpy(values: np.ndarray[Any, Any]) -> Tensor:
    """A CPU tensor in the memory of a numpy array."""
    if not isinstance(values, np.ndarray):
        raise TypeError(f"from_numpy: values are {type(values).__name__} but a numpy array is needed; use tensor(values)")
    shapes.dtype_of("from_numpy", values.dtype)
    return around(values)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor in the memory of another library's array: anything with `__dlpack__`, on the CPU or the GPU.

    `copy` True: in memory of its own, as is an array that the other library marks as read-only (`copy` False refuses
    it). Raises BufferError or TypeError for arrays of other devices and dtypes.

    >>> import numpy as np
    >>> from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    kind, _ = ext_tensor.__dlpack_device__()
    if kind == dlpack.CPU:
        try:
            values = np.from_dlpack(ext_tensor)
        except RuntimeError as error:  # such as bfloat16
            raise TypeError(f"from_dlpack: numpy cannot read the array ({error}); convert it to float32") from None
        if copy is False and not values.flags.writeable:
            raise BufferError(f"from_dlpack: the array of shape {values.shape} is read-only but copy=False needs one "
                              "to write to; leave copy out")
        shapes.dtype_of("from_dlpack", values.dtype)
        made = around(values if values.flags.writeable and not copy else values.copy())
    elif kind == dlpack.CUDA:
        made = around(dlpack.borrow(ext_tensor))
        made = made.clone() if copy else made
    else:
        raise BufferError(f"from_dlpack: the array is on DLPack device {kind} but only {dlpack.CPU}, the CPU, and "
                          f"{dlpack.CUDA}, CUDA, are known; copy it there first")
    return made if device is None else made.to(device)


@fills
def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **hints: Any) -> Tensor:
    """A tensor whose elements are whatever the memory held, of the default dtype (float32) unless said otherwise.

    Of the `hints`, which all functions here take, `size` is the shape by name and `memory_format` the order in memory;
    `layout` and `pin_memory` make no difference.
    """
    return _empty("empty", size, dtype, device, hints, requires_grad)


def _empty(operation: str, size: tuple[Any, ...], dtype: Any, device: Any, hints: dict[str, Any],
           requires_grad: bool = False) -> Tensor:
    form = _form(operation, hints, "size")
    size = (hints["size"],) if "size" in hints and not size else size
    if not size:
        raise TypeError(f"{operation}: the size is missing; give extents, or () for a tensor without axes")
    shape = shapes.extents(operation, several(size))
    dtype = shapes.dtype_of(operation, get_default_dtype() if dtype is None else dtype)
    made = around(package(_place(device)).empty(shape, dtype))
    return arranged(operation, made, form).detach().requires_grad_(requires_grad)


def _form(operation: str, hints: dict[str, Any], *known: str) -> memory_format:
    """The `memory_format` among what is known to make little difference; TypeError for anything else."""
    for name in hints:
        if name not in ("memory_format", "layout", "pin_memory", *known):
            raise TypeError(f"{operation}: {name} is {hints[name]!r} but there is no such argument; leave it out")
    return hints.get("memory_format") or preserve_format


@fills
def full(size: Any, fill_value: Number, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
         **hints: Any) -> Tensor:
    """A tensor filled with a number, whose kind sets the dtype unless given (bool, int64 or float32)."""
    if isinstance(size, int):
        raise TypeError(f"full: size is {size} but a sequence of extents is needed; use ({size},)")
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    kind = shapes.BOOL if isinstance(value, bool) else shapes.INT64 if isinstance(value, int) else get_default_dtype()
    made = _empty("full", (tuple(size),), kind if dtype is None else dtype, device, hints)
    return made.fill_(value).requires_grad_(requires_grad)


@fills
def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **hints: Any) -> Tensor:
    """A tensor of zeros."""
    return _empty("zeros", size, dtype, device, hints).fill_(0).requires_grad_(requires_grad)


@fills
def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **hints: Any) -> Tensor:
    """A tensor of ones."""
    return _empty("ones", size, dtype, device, hints).fill_(1).requires_grad_(requires_grad)


@fills
def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
         requires_grad: bool = False, **hints: Any) -> Tensor:
    """Uniform numbers in [0, 1)."""
    with stream(generator):
        return uniform_(_empty("rand", size, dtype, device, hints)).requires_grad_(requires_grad)


@fills
def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
          requires_grad: bool = False, **hints: Any) -> Tensor:
    """Normal numbers of mean 0 and variance 1."""
    with stream(generator):
        return normal_(_empty("randn", size, dtype, device, hints)).requires_grad_(requires_grad)


@fills
def randint(*bounds: Any, low: int = 0, high: int | None = None, size: Any = None,
            generator: Generator | None = None, dtype: Any = shapes.INT64, device: Any = None, requires_grad: bool = False,
            **hints: Any) -> Tensor:
    """Integers from `low` to `high` - 1, each as likely: `randint(high, size)` or `randint(low, high, size)`."""
    given = list(bounds)
    if given and not isinstance(given[-1], int):
        size = given.pop()
    if high is None and given:
        high = given.pop()
    low = given.pop() if given else low
    if given or high is None or size is None:
        raise TypeError(f"randint: arguments {bounds}; give high and size, or low, high and size")
    like = _empty("randint", (tuple(size),), dtype, device, hints)
    with stream(generator):
        return random.integers("randint", like, low, high, like.shape).to(like.dtype).requires_grad_(requires_grad)


@fills
def randperm(n: int, *, generator: Generator | None = None, dtype: Any = shapes.INT64, device: Any = None,
             requires_grad: bool = False, **hints: Any) -> Tensor:
    """The integers from 0 to n - 1 in random order."""
    like = _empty("randperm", ((n,),), dtype, device, hints)
    with stream(generator):
        return random.fractions(like, (n,)).argsort().to(like.dtype).requires_grad_(requires_grad)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` says, or with `p` everywhere, else 0."""
    with stream(generator):
        return random.bernoulli("bernoulli", input.detach(), input.detach() if p is None else p)


@fills
def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,
           device: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal numbers: of a mean and a deviation each a number, in the shape `size`; or, if one is a tensor, of each of its
    elements, broadcast."""
    like = next((t for t in (mean, std) if isinstance(t, Tensor)), None)
    if (like is None) == (size is None):
        raise TypeError(f"normal: size is {size} for a mean and a deviation of which {'none' if like is None else 'one'} is a "
                        "tensor; give a size with numbers only")
    if (std < 0).any() if isinstance(std, Tensor) else std < 0:
        raise RuntimeError(f"normal: std is {std} but at least 0 is needed; give another")
    with stream(generator):
        if like is None:
            return normal_(empty(size, dtype=dtype, device=device), mean, std).requires_grad_(requires_grad)
        shape = shapes.broadcast("normal", *[t.shape for t in (mean, std) if isinstance(t, Tensor)])
        return (random.drawn("normal", like, 0.0, 1.0, shape) * std + mean).detach()


def _like(operation: str, x: Tensor, dtype: Any, device: Any, hints: dict[str, Any]) -> Tensor:
    """Unwritten elements in the shape, and unless given on the device and of the dtype, of `x`; in its memory order."""
    form = _form(operation, hints)
    if form is not preserve_format:
        return empty(x.shape, dtype=x.dtype if dtype is None else dtype, device=device or x.device, memory_format=form)
    dtype = x.dtype if dtype is None else shapes.dtype_of(operation, dtype)
    if device is None or x.device == device:
        return around(layout.empty_like(x.array, dtype))
    return empty(x.shape, dtype=dtype, device=device)


def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
               **hints: Any) -> Tensor:
    """`empty` in the shape, dtype and device of `input`."""
    return _like("empty_like", input, dtype, device, hints).requires_grad_(requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
               **hints: Any) -> Tensor:
    """Zeros in the shape, dtype and device of `input`."""
    return _like("zeros_like", input, dtype, device, hints).fill_(0).requires_grad_(requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
              **hints: Any) -> Tensor:
    """Ones in the shape, dtype and device of `input`."""
    return _like("ones_like", input, dtype, device, hints).fill_(1).requires_grad_(requires_grad)


def full_like(input: Tensor, fill_value: Number, *, dtype: Any = None, device: Any = None,
              requires_grad: bool = False, **hints: Any) -> Tensor:
    """A number everywhere, in the shape, dtype and device of `input`."""
    return _like("full_like", input, dtype, device, hints).fill_(fill_value).requires_grad_(requires_grad)


def rand_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
              **hints: Any) -> Tensor:
    """Uniform numbers in [0, 1) in the shape, dtype and device of `input`."""
    return _like("rand_like", input, dtype, device, hints).uniform_().requires_grad_(requires_grad)


def randn_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
               **hints: Any) -> Tensor:
    """Normal numbers in the shape, dtype and device of `input`."""
    return _like("randn_like", input, dtype, device, hints).normal_().requires_grad_(requires_grad)


def randint_like(input: Tensor, low: int, high: int | None = None, *, dtype: Any = None, device: Any = None,
                 **hints: Any) -> Tensor:
    """`randint` in the shape, dtype and device of `input`."""
    low, high = (0, low) if high is None else (low, high)
    like = _like("randint_like", input, dtype, device, hints)
    return random.integers("randint_like", like, low, high, like.shape).to(like.dtype)


@fills
def arange(start: Number | None = None, end: Number | None = None, step: Number = 1, *, dtype: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:
    """The numbers from `start` (0 if only one is given) up to `end`, without it: int64, or float32 if one is a float."""
    start, end = (start, end) if end is not None else (None, start)
    if end is None:
        raise TypeError("arange: the end is missing; give a number")
    given = 0 if start is None else start, end, step
    first, last, by = (v.item() if isinstance(v, Tensor) else v for v in given)
    if not by or (last - first) * by < 0 or not np.isfinite([first, last]).all():
        raise shapes.ShapeError(f"arange: step is {by} from {first} to {last}; use finite ends and a step that leads there")
    floating = any(isinstance(v, (float, np.floating)) for v in (first, last, by))
    dtype = shapes.dtype_of("arange", (get_default_dtype() if floating else shapes.INT64) if dtype is None else dtype)
    if dtype == shapes.BOOL:
        raise shapes.KindError("arange: dtype bool cannot count but numbers can; use int64")
    count = ceil((last - first) / by)
    if dtype not in shapes.FLOATS:
        first, last, by = int(first), int(last), int(by)
    if dtype == shapes.INT64:
        if not by:
            raise shapes.ShapeError(f"arange: step is {given[2]} but the dtype {dtype.name}; use a step of at least 1")
        count = int(-((first - last) // by))
    values = (first + np.arange(count) * by).astype(dtype)
    return around(package(_place(device)).upload(values), requires_grad)


@fills
def linspace(start: Number, end: Number, steps: int, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, equally far apart."""
    dtype = shapes.dtype_of("linspace", get_default_dtype() if dtype is None else dtype)
    return around(package(_place(device)).upload(_between("linspace", start, end, steps, dtype).astype(dtype)), requires_grad)


@fills
def logspace(start: Number, end: Number, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:
    """`base` to the power of the numbers of `linspace`."""
    dtype = shapes.dtype_of("logspace", get_default_dtype() if dtype is None else dtype)
    values = np.power(float(base), _between("logspace", start, end, steps, dtype)).astype(dtype)
    return around(package(_place(device)).upload(values), requires_grad)


def _between(operation: str, start: Number, end: Number, steps: int, dtype: Any) -> np.ndarray[Any, Any]:
    """float64, from both ends to the middle, so that both are met exactly; the ends are rounded to the dtype."""
    if isinstance(steps, (float, bool)):
        raise TypeError(f"{operation}: steps is {steps} but a whole number is needed; give an int")
    if steps < 0:
        raise shapes.ShapeError(f"{operation}: steps is {steps} but at least 0 is needed; give more")
    start, end = (float(dtype.type(v.item() if isinstance(v, Tensor) else v)) for v in (start, end))
    k, step = np.arange(steps), (end - start) / max(steps - 1, 1)
    return np.where(k < (steps + 1) // 2, start + step * k, end - step * (steps - 1 - k))


@fills
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A matrix of n rows and m columns (as many as rows unless given): 1 on the diagonal, else 0."""
    made = _empty("eye", ((n, n if m is None else m),), dtype, device, {}).fill_(0)
    made.diagonal().fill_(1)
    return made.requires_grad_(requires_grad)


def uniform_(x: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Overwrite a floating tensor with uniform numbers in [low, high); as `x.uniform_`, for a leaf that requires grad too."""
    return _draw("uniform", x, low, high)


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Overwrite a floating tensor with normal numbers; as `x.normal_`, for a leaf that requires grad too."""
    return _draw("normal", x, mean, std)


def _draw(name: str, x: Tensor, a: float, b: float) -> Tensor:
    if x.dtype not in shapes.FLOATS or not x.is_contiguous():
        raise RuntimeError(f"{name}_: the tensor has dtype {x.dtype.name} and shape {x.shape} but a floating, "
                           "contiguous one is needed; use x.float().contiguous()")
    random.draw(name, x.array, a, b)
    x.version.count += 1
    return x


def _place(device: Any) -> str:
    return Device(default_device() if device is None else device).type
