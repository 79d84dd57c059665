"""Tensor: an array that remembers how it was made. Operators and methods with PyTorch's names, a line each, by ops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import autograd, shapes
from .arrays import is_contiguous
from .autograd import Version
from .devices import NAMES, Device, device_of, kernels
from .exchange import Exchange
from .gradient import root
from .operators import Number, Operators, beside
from .ops import composite, concat, index, inplace, reduce, shape
from .ops.elementwise import apply, cast
from .ops.softmax import log_softmax, softmax
from .ops.transfer import Transfer


class MaxResult(NamedTuple):
    """What `x.max(dim)` returns."""

    values: Tensor
    indices: Tensor


class Tensor(Operators, Exchange):
    """A multi-dimensional array on a device that takes part in automatic differentiation.

    `data` is the array: numpy's on the CPU, `arrays.Array` elsewhere. `grad` is what `backward` added up, or None.
    `node` is the Function that made the tensor (None for a leaf), `index` which of its results this is.
    """

    __slots__ = ("__weakref__", "_requires_grad", "data", "grad", "hooks", "index", "node", "version")

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self.data, self.grad, self.node, self.index = data, None, None, 0
        self.version, self.hooks, self._requires_grad = Version(), None, False
        if requires_grad:
            self.requires_grad = True

    data: Any
    grad: Tensor | None
    node: autograd.Function | None
    index: int
    version: Version
    hooks: dict[int, list[Callable[[Tensor], Tensor | None]]] | None
    _requires_grad: bool

    def result(self, data: Any, node: autograd.Function | None, index: int = 0) -> Tensor:
        """A tensor around an array that `node` made (None: nothing to differentiate)."""
        made = Tensor(data)
        if node is not None and data.dtype in shapes.FLOATS:
            made.node, made.index, made._requires_grad = node, index, True
        return made

    # ---- what it is --------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether `backward` computes a gradient for it."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if flag and self.data.dtype not in shapes.FLOATS:
            raise RuntimeError(f"requires_grad: dtype {self.dtype.name} is not floating but float32 or float64 is "
                               "needed; use x.float()")
        if not flag and self.node is not None:
            raise RuntimeError(f"requires_grad: the tensor is the result of {type(self.node).__name__} but only a leaf "
                               "can be switched off; use x.detach()")
        self._requires_grad = bool(flag)

    def requires_grad_(self, flag: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor."""
        self.requires_grad = flag
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents of the axes."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of number, numpy's."""
        return self.data.dtype

    @property
    def device(self) -> Device:
        """Where the array lies."""
        return Device(device_of(self.data))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self.node is None

    @property
    def grad_fn(self) -> autograd.Function | None:
        """PyTorch's name for `node`."""
        return self.node

    def dim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the extent of one axis."""
        return self.shape if dim is None else self.shape[shapes.axis("size", dim, self.ndim)]

    def numel(self) -> int:
        """The number of elements."""
        return self.data.size

    def is_contiguous(self) -> bool:
        """Whether the elements lie in row-major order."""
        return is_contiguous(self.data)

    def is_floating_point(self) -> bool:
        """Whether the dtype is float32 or float64."""
        return self.dtype in shapes.FLOATS

    # ---- differentiation ---------------------------------------------------------------------------------------------

    def backward(self, gradient: Tensor | None = None, retain_graph: bool | None = None,
                 create_graph: bool = False) -> None:
        """Add the gradient of this tensor (times `gradient`; 1 for a single element) to every leaf's `grad`."""
        retain = create_graph if retain_graph is None else retain_graph
        autograd.backward([root("backward", self, gradient)], create_graph, retain)

    def detach(self) -> Tensor:
        """The same memory, outside the graph."""
        made = Tensor(self.data)
        made.version = self.version
        return made

    def detach_(self) -> Tensor:
        """Leave the graph and return the tensor."""
        self.node, self.index, self._requires_grad = None, 0, False
        return self

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], None]:
        """Call `hook` with this tensor's gradient once it is whole; what it returns, if not None, takes its place.
        Returns a function that takes the hook off again."""
        if not self.requires_grad:
            raise RuntimeError(f"register_hook: the tensor of shape {self.shape} does not require grad; "
                               "call requires_grad_() first")
        holder: Any = self if self.node is None else self.node
        holder.hooks = holder.hooks or {}
        hooks = holder.hooks.setdefault(self.index, [])
        hooks.append(hook)
        return lambda: hooks.remove(hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is no leaf in `grad` as well."""
        if not self.is_leaf:
            self.register_hook(lambda g: setattr(self, "grad", g))

    # ---- in parts, in print, on other devices -------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: the tensor has no axes; use x.numel()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        if self.device == "meta":
            body = f"..., shape={self.shape}"
        else:
            body = np.array2string(kernels(self.data).download(self.data), separator=", ", prefix="tensor(")
        notes = [] if self.dtype in (shapes.FLOAT32, shapes.INT64, shapes.BOOL) else [f"dtype={self.dtype.name}"]
        notes += [] if self.device == "cpu" else [f"device='{self.device}'"]
        if self.requires_grad:
            notes.append("requires_grad=True" if self.node is None else f"grad_fn=<{type(self.node).__name__}>")
        return f"tensor({', '.join([body, *notes])})"

    def to(self, *targets: Any, device: Any = None, dtype: Any = None) -> Tensor:
        """On another device, of another dtype, or like another tensor."""
        for target in targets:
            if isinstance(target, Tensor):
                device, dtype = target.device, target.dtype
            elif isinstance(target, Device) or (isinstance(target, str) and target.split(":")[0] in NAMES):
                device = target
            else:
                dtype = target
        moved = self if dtype is None else cast(self, shapes.dtype_of("to", dtype))
        return moved if device is None or moved.device == device else Transfer(Device(device).type)(moved)

    def cpu(self) -> Tensor:
        """On the CPU."""
        return self.to("cpu")

    def cuda(self) -> Tensor:
        """On the GPU."""
        return self.to("cuda")

    def clone(self) -> Tensor:
        """A copy in memory of its own; gradients flow through."""
        return shape.Clone()(self)

    def contiguous(self) -> Tensor:
        """The elements in row-major order; the tensor itself where they are."""
        return self if self.is_contiguous() else shape.Contiguous()(self)

    # ---- element by element ---------------------------------------------------------------------------------------

    def exp(self) -> Tensor:
        """e to the power of each element."""
        return apply("exp", self)

    def log(self) -> Tensor:
        """The natural logarithm of each element."""
        return apply("log", self)

    def sqrt(self) -> Tensor:
        """The square root of each element."""
        return apply("sqrt", self)

    def relu(self) -> Tensor:
        """max(x, 0)."""
        return apply("relu", self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x))."""
        return apply("sigmoid", self)

    def tanh(self) -> Tensor:
        """The hyperbolic tangent."""
        return apply("tanh", self)

    def softmax(self, dim: int) -> Tensor:
        """exp(x) divided by its sum along `dim`."""
        return softmax(self, dim)

    def log_softmax(self, dim: int) -> Tensor:
        """The logarithm of `softmax`, computed without overflow."""
        return log_softmax(self, dim)

    # ---- reductions --------------------------------------------------------------------------------------------------

    def sum(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The sum over `dim`, one axis, several, or None for all."""
        return composite.sum(self, dim, keepdim)

    def mean(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The mean over `dim`, one axis, several, or None for all."""
        return composite.mean(self, dim, keepdim)

    def max(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The greatest element, or (values, indices) of the greatest elements along `dim`."""
        return composite.max_all(self) if dim is None else MaxResult(*composite.max(self, dim, keepdim))

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the greatest element is: in the flattened tensor, or along `dim`."""
        flat = self.detach().reshape(-1) if dim is None else self.detach()
        return composite.max(flat, -1 if dim is None else dim, keepdim)[1]

    # ---- shape -------------------------------------------------------------------------------------------------------

    def reshape(self, *target: Any) -> Tensor:
        """Another shape of the same size; one extent may be -1."""
        return shape.reshape(self, shapes.reshape("reshape", self.data.size, several(target), self.shape))

    def view(self, *target: Any) -> Tensor:
        """`reshape` that refuses to copy."""
        wanted = shapes.reshape("view", self.data.size, several(target), self.shape)
        if shapes.view_strides(self.shape, self.data.strides, wanted, self.data.itemsize) is None:
            raise shapes.ShapeError(f"view: shape {self.shape} cannot be seen as {wanted} without a copy; use reshape")
        return shape.reshape(self, wanted)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Axes `start_dim` to `end_dim` as one."""
        return composite.flatten(self, start_dim, end_dim)

    def permute(self, *order: Any) -> Tensor:
        """The axes in another order; a view."""
        return shape.Permute(shapes.permutation("permute", several(order), self.ndim))(self)

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two axes swapped; a view."""
        return composite.transpose(self, dim0, dim1)

    def t(self) -> Tensor:
        """The transpose of a matrix."""
        if self.ndim > 2:
            raise shapes.ShapeError(f"t: shape {self.shape} has {self.ndim} axes but 2 is the most; use transpose")
        return self.transpose(0, 1) if self.ndim == 2 else self

    T = property(t)

    def expand(self, *target: Any) -> Tensor:
        """Extents of 1 stretched to `target`, in which -1 keeps an extent; a view."""
        wanted = tuple(several(target))
        own = (-1,) * (len(wanted) - self.ndim) + self.shape
        return reduce.expand(self, tuple(old if n == -1 else n for n, old in zip(wanted, own)))

    def unsqueeze(self, dim: int) -> Tensor:
        """A new axis of extent 1 at `dim`."""
        at = shapes.axis("unsqueeze", dim, self.ndim + 1)
        return self.reshape(*self.shape[:at], 1, *self.shape[at:])

    def squeeze(self, dim: int | None = None) -> Tensor:
        """Without axis `dim` if its extent is 1, or without all such axes."""
        drop = range(self.ndim) if dim is None else (shapes.axis("squeeze", dim, self.ndim),)
        return shape.reshape(self, tuple(n for k, n in enumerate(self.shape) if n != 1 or k not in drop))

    def split(self, size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Views of `size` elements (the last may have fewer), or of the given sizes, along `dim`."""
        at = shapes.axis("split", dim, self.ndim)
        n = self.shape[at]
        sizes = tuple(min(size, n - k) for k in range(0, n, size)) if isinstance(size, int) else tuple(size)
        return concat.split(self, sizes, at)

    def __getitem__(self, key: Any) -> Tensor:
        return index.Index(key)(self)

    # ---- in place ----------------------------------------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Any) -> None:
        inplace.write("__setitem__", self, index.at(self.data, key), beside(value, self))

    def copy_(self, other: Any) -> Tensor:
        """Overwrite with `other`, broadcast and cast."""
        return inplace.write("copy_", self, self.data, beside(other, self))

    def add_(self, other: Any) -> Tensor:
        """Add in place."""
        return inplace.update("add", self, beside(other, self))

    def sub_(self, other: Any) -> Tensor:
        """Subtract in place."""
        return inplace.update("sub", self, beside(other, self))

    def mul_(self, other: Any) -> Tensor:
        """Multiply in place."""
        return inplace.update("mul", self, beside(other, self))

    def div_(self, other: Any) -> Tensor:
        """Divide in place."""
        return inplace.update("div", self, beside(other, self))

    def zero_(self) -> Tensor:
        """Overwrite with zeros."""
        return self.fill_(0)

    def fill_(self, value: Number) -> Tensor:
        """Overwrite with a number."""
        return inplace.write("fill_", self, self.data, value)

    # ---- dtypes: last, as these names hide Python's types -------------------------------------------------------------

    def float(self) -> Tensor:
        """As float32."""
        return cast(self, shapes.FLOAT32)

    def double(self) -> Tensor:
        """As float64."""
        return cast(self, shapes.FLOAT64)

    def long(self) -> Tensor:
        """As int64."""
        return cast(self, shapes.INT64)

    def int(self) -> Tensor:
        """As int32."""
        return cast(self, shapes.INT32)

    def bool(self) -> Tensor:
        """As bool: whether an element differs from 0."""
        return cast(self, shapes.BOOL)


def several(values: tuple[Any, ...]) -> Sequence[int]:
    """`f(2, 3)` and `f((2, 3))` alike: the extents."""
    return tuple(values[0]) if len(values) == 1 and not isinstance(values[0], (int, np.integer)) else values
