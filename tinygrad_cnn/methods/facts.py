"""What a tensor tells of itself, and tensors made in its likeness."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..devices import Device, package
from ..memory_format import strided
from ..ops import making
from ..ops.elementwise import cast
from .shaping import several


class Facts:
    """`x.stride()`, `x.new_zeros(2, 3)` and their like."""

    __slots__ = ()
    array: Any
    device: Any
    numel: Any
    dim: Any
    result: Any
    fill_: Any

    def nelement(self) -> int:
        """The number of elements."""
        return self.numel()

    def ndimension(self) -> int:
        """The number of axes."""
        return self.dim()

    def element_size(self) -> int:
        """The bytes of one element."""
        return self.array.itemsize

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self.array.size * self.array.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """How many elements apart the neighbors along each axis, or along one, lie in memory."""
        steps = tuple(step // self.array.itemsize for step in self.array.strides)
        return steps if dim is None else steps[shapes.axis("stride", dim, self.array.ndim)]

    @property
    def is_cuda(self) -> bool:
        """Whether the elements lie on the GPU, or in its emulator."""
        return self.device == "cuda"

    def is_complex(self) -> bool:
        """False: there are no complex tensors."""
        return False

    def is_signed(self) -> bool:
        """Whether the dtype has numbers below 0."""
        return self.array.dtype.kind in "fi"

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """PyTorch's name of the tensor's type, such as "torch.FloatTensor"; or the tensor as another type: a dtype, such a
        name, or such a class."""
        from ..pytorch.typed import of_type, type_name

        return type_name(self) if dtype is None else of_type(self, dtype)  # type: ignore[arg-type]

    def new(self, *data: Any) -> Any:
        """PyTorch's old way to a tensor of the same dtype and device: of extents or of data."""
        from ..pytorch.typed import made

        return made(data, self.array.dtype, self.device)

    def get_device(self) -> int:
        """0 on the GPU, -1 elsewhere."""
        return 0 if self.device == "cuda" else -1

    @property
    def is_sparse(self) -> bool:
        """False: tensors are dense."""
        return False

    is_quantized = is_mps = is_xpu = is_sparse

    @property
    def is_meta(self) -> bool:
        """Whether it has a shape, and no numbers."""
        return self.device == "meta"

    layout = property(lambda self: strided, doc="Strided: tensors are dense.")

    @property
    def is_cpu(self) -> bool:
        """Whether the elements lie in the computer's own memory."""
        return self.device == "cpu"

    def is_pinned(self) -> bool:
        """False: memory is never pinned."""
        return False

    def pin_memory(self) -> Any:
        """The tensor itself; what is copied to the GPU need not be pinned."""
        return self

    def share_memory_(self) -> Any:
        """The tensor itself, which all threads share."""
        return self

    def type_as(self, other: Any) -> Any:
        """With the dtype of `other`."""
        return cast(self, other.dtype)

    def byte(self) -> Any:
        """As uint8."""
        return cast(self, shapes.UINT8)

    def half(self) -> Any:
        """Refused: there is no float16."""
        return cast(self, shapes.dtype_of("half", "float16"))

    # ---- new tensors of its dtype, on its device, unless said otherwise ----------------------------------------------------

    def new_empty(self, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
        """A tensor whose elements are whatever the memory held."""
        kind = self.array.dtype if dtype is None else shapes.dtype_of("new_empty", dtype)
        made = self._kernels(device).empty(shapes.extents("new_empty", several(size)), kind)
        return self.result(made, None).requires_grad_(requires_grad)

    def _kernels(self, device: Any) -> Any:
        return package(Device(self.device if device is None else device).type)

    def new_full(self, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
                 requires_grad: bool = False) -> Any:
        """A tensor filled with a number."""
        return self.new_empty(size, dtype=dtype, device=device).fill_(fill_value).requires_grad_(requires_grad)

    def new_zeros(self, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
        """A tensor of zeros."""
        return self.new_empty(*size, dtype=dtype, device=device).fill_(0).requires_grad_(requires_grad)

    def new_ones(self, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
        """A tensor of ones."""
        return self.new_empty(*size, dtype=dtype, device=device).fill_(1).requires_grad_(requires_grad)

    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
        """A tensor with a copy of `data`."""
        values = making.as_array("new_tensor", data, self.array.dtype if dtype is None else dtype)
        return self.result(self._kernels(device).upload(values), None).requires_grad_(requires_grad)
