"""Tensor: an array that remembers how it was made. Operators and methods with PyTorch's names, a line each, by ops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import autograd, left_out, shapes
from .devices import NAMES, Device, device_of
from .exchange import Exchange
from .gradient import backward
from .handles import Handle
from .memory_format import arranged, contiguous_format, is_in, preserve_format
from .memory_format import memory_format as MemoryFormat
from .methods.arithmetic import Arithmetic
from .methods.composed import Composed
from .methods.elementwise import Elementwise
from .methods.facts import Facts
from .methods.indexing import Indexing
from .methods.inplace import InPlace
from .methods.products import Products
from .methods.reductions import Reductions
from .methods.shaping import Shaping
from .operators import Operators
from .ops import shape
from .ops.elementwise import cast, converted
from .ops.transfer import Transfer
from .printing import printed
from .version import Version


class Tensor(Operators, Arithmetic, Elementwise, Composed, Products, Reductions, Shaping, Indexing, InPlace, Facts, Exchange):
    """A multi-dimensional array on a device that takes part in automatic differentiation.

    `array` holds the numbers: numpy's on the CPU, `arrays.Array` elsewhere. `grad` is what `backward` added up, or None.
    `node` is the Function that made the tensor (None for a leaf), `index` which of its results this is.
    """

    __slots__ = ("__weakref__", "_requires_grad", "array", "grad", "hooks", "index", "node", "version")

    def __init__(self, *data: Any, device: Any = None) -> None:
        """PyTorch's old constructor, of float32: of extents or a shape, unwritten elements; of data, a copy of them."""
        from .pytorch.typed import made

        self.hold(made(data, shapes.FLOAT32, device).array)

    def hold(self, array: Any, requires_grad: bool = False) -> None:
        """Become a leaf around `array`."""
        self.array, self.grad, self.node, self.index = array, None, None, 0
        self.version, self.hooks, self._requires_grad = Version(), None, False
        if requires_grad:
            self.requires_grad = True

    array: Any
    grad: Tensor | None
    node: autograd.Function | None
    index: int
    version: Version
    hooks: dict[int, dict[int, Callable[[Tensor], Tensor | None]]] | None
    _requires_grad: bool

    if not TYPE_CHECKING:  # as a typed method it would hide every misspelt attribute from the type checker

        def __getattr__(self, name: str) -> Any:
            left_out.refuse("Tensor", name, lambda: dir(Tensor))

    def result(self, data: Any, node: autograd.Function | None, index: int = 0) -> Tensor:
        """A tensor around an array that `node` made (None: nothing to differentiate)."""
        made = around(data)
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
        if flag and self.array.dtype not in shapes.FLOATS:
            raise RuntimeError(f"requires_grad: dtype {self.dtype.name} is not floating but float32 or float64 is "
                               "needed; use x.float()")
        if not flag and self.node is not None:
            raise RuntimeError(f"requires_grad: the tensor is the result of {self.node} but only a leaf "
                               "can be switched off; use x.detach()")
        self._requires_grad = bool(flag)

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph, as `detach` gives it; assigning a tensor takes over its memory."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor) or value.dtype != self.dtype:
            found = f"dtype {value.dtype.name}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
            raise TypeError(f"data: {found} is assigned to a tensor of dtype {self.dtype.name}; assign a tensor of that dtype")
        self.array = value.array
        self.version.count += 1

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def shape(self) -> shapes.Size:
        """The extents of the axes."""
        return shapes.Size(self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of number, numpy's."""
        return self.array.dtype

    @property
    def device(self) -> Device:
        """Where the array lies."""
        return Device(device_of(self.array))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim

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
        return self.array.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the extent of one axis."""
        return self.shape if dim is None else self.shape[shapes.axis("size", dim, self.ndim)]

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    def is_contiguous(self, memory_format: MemoryFormat = contiguous_format) -> bool:
        """Whether the elements lie in row-major order, or in another."""
        return is_in(self.array, memory_format)

    def is_floating_point(self) -> bool:
        """Whether the dtype is float32 or float64."""
        return self.dtype in shapes.FLOATS

    # ---- differentiation ---------------------------------------------------------------------------------------------

    def backward(self, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False,
                 inputs: Any = None) -> None:
        """Add the gradient of this tensor (times `gradient`; 1 for a single element) to the `grad` of every leaf, or of the
        tensors `inputs` alone."""
        backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory, outside the graph."""
        made = around(self.array)
        self.version.share(self, made)
        return made

    def detach_(self) -> Tensor:
        """Leave the graph and return the tensor."""
        self.node, self.index, self._requires_grad = None, 0, False
        return self

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Call `hook` with this tensor's gradient once it is whole; what it returns, if not None, takes its place.
        The handle's `remove()` takes the hook off again."""
        if not self.requires_grad:
            raise RuntimeError(f"register_hook: the tensor of shape {self.shape} does not require grad; "
                               "call requires_grad_() first")
        holder: Any = self if self.node is None else self.node
        holder.hooks = holder.hooks or {}
        return Handle(holder.hooks.setdefault(self.index, {}), hook)

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
        return printed(self)

    def __format__(self, spec: str) -> str:
        plain = type(self) is Tensor and not self.ndim and self.device != "meta"
        return format(self.item(), spec) if plain else object.__format__(self, spec)

    def to(self, *targets: Any, device: Any = None, dtype: Any = None, non_blocking: Any = False, copy: Any = False,
           memory_format: MemoryFormat = preserve_format) -> Tensor:
        """On another device, of another dtype, in another order in memory, or like another tensor; with `copy` never the
        tensor itself.

        `non_blocking` makes no difference: what is done to a tensor is done in order on every device.
        """
        del non_blocking
        for target in targets:
            if isinstance(target, Tensor):
                device, dtype = target.device, target.dtype
            elif isinstance(target, Device) or (isinstance(target, str) and target.split(":")[0] in NAMES):
                device = target
            elif isinstance(target, str) and target not in shapes.DTYPE_NAMES:
                raise shapes.KindError(f"to: {target!r} is neither a device nor a dtype; use one of "
                                       f"{', '.join((*NAMES, *shapes.DTYPE_NAMES))}")
            elif not isinstance(target, bool):
                dtype = target
        moved = arranged("to", converted("to", self, dtype), memory_format)
        moved = moved if device is None or moved.device == device else Transfer(Device(device).type)(moved)
        return moved.clone() if copy and moved is self else moved

    def cpu(self) -> Tensor:
        """On the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = "cuda", non_blocking: Any = False) -> Tensor:
        """On the GPU; `non_blocking` makes no difference."""
        return self.to(device, non_blocking=non_blocking)

    def clone(self, *, memory_format: MemoryFormat = preserve_format) -> Tensor:
        """A copy in memory of its own; gradients flow through."""
        return arranged("clone", shape.Clone()(self), memory_format)

    def contiguous(self, memory_format: MemoryFormat = contiguous_format) -> Tensor:
        """The elements in row-major order, or in another; the tensor itself where they are."""
        if memory_format is not contiguous_format:
            return arranged("contiguous", self, memory_format)
        return self if self.is_contiguous() else shape.Contiguous()(self)

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


_new: Any = Tensor.__new__


def around(array: Any, requires_grad: bool = False) -> Tensor:
    """The tensor, a leaf, that holds `array`."""
    made: Tensor = _new(Tensor)
    made.hold(array, requires_grad)
    return made
