"""Layers that learn the size of their input from the first one they see, and are then the layers of that size.

    >>> import tinygrad_cnn as tg
    >>> layer = LazyConv2d(8, kernel_size=3)
    >>> layer
    LazyConv2d(0, 8, kernel_size=(3, 3), stride=(1, 1))
    >>> layer(tg.ones(1, 3, 5, 5)).shape, layer
    ((1, 8, 3, 3), Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1)))
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from ..shapes import ShapeError
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .module import Module
from .norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .parameter import UninitializedParameter


class Lazy(Module):
    """Takes the arguments of `cls_to_become` but the first, the size of the input.

    Its parameters are empty until the first call, or until a state is loaded; an optimizer may hold them before that.
    """

    cls_to_become: ClassVar[Any]
    axis: ClassVar[int] = 1  # of the input: where the size stands
    weight_axis: ClassVar[int] = 1  # of the weight, in a state

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        given = inspect.signature(self.cls_to_become).bind(0, *args, **kwargs)
        given.apply_defaults()
        self.size, *_ = given.arguments
        self.given = {name: value for name, value in given.arguments.items() if name != self.size}
        like = self._made(self.given.get("groups", 1), device="meta")
        for name, _ in like.named_parameters():
            setattr(self, name, UninitializedParameter(device=self.given["device"], dtype=self.given["dtype"]))
        for name, value in vars(like).items():
            if not hasattr(self, name):
                setattr(self, name, None if hasattr(value, "array") else value)
        setattr(self, self.size, 0)

    def _made(self, size: int, **places: Any) -> Any:
        return self.cls_to_become(size, **{**self.given, **places})

    def become(self, size: int, device: Any, dtype: Any) -> None:
        """Be the layer for inputs of that size; the parameters stay the same objects."""
        own = dict(self.named_parameters())
        places = next(iter(own.values()), None)
        made = self._made(size, device=device if places is None else places.device,
                          dtype=dtype if places is None else places.dtype)
        parts = vars(made)
        for name, p in own.items():
            p.materialize(parts[name].array)  # type: ignore[attr-defined]  # those are UninitializedParameters
            parts[name] = p
        training, hooks = self.training, vars(self).get("_hooks")
        for name in ("given", "size"):
            delattr(self, name)
        vars(self).update(parts)
        self.__class__ = self.cls_to_become
        self.training = training
        if hooks is not None:
            vars(self)["_hooks"] = hooks

    def forward(self, input: Any, *args: Any, **kwargs: Any) -> Any:
        if not -input.ndim <= self.axis < input.ndim:
            raise ShapeError(f"{type(self).__name__}: input has shape {input.shape} and no axis {self.axis} to learn the size "
                             "from; give a batch")
        self.become(input.shape[self.axis], input.device, input.dtype)
        return self.forward(input, *args, **kwargs)

    def _load_from_state_dict(self, state: Any, prefix: str, *rest: Any) -> None:
        weight = state.get(f"{prefix}weight")
        if weight is not None and weight.ndim > self.weight_axis and weight.shape[0]:
            size = weight.shape[self.weight_axis] * (self.given.get("groups", 1) if self.weight_axis else 1)
            self.become(size, None, None)
            self._load_from_state_dict(state, prefix, *rest)
        else:
            super()._load_from_state_dict(state, prefix, *rest)

    def extra_repr(self) -> str:
        like = self._made(self.given.get("groups", 1), device="meta")
        setattr(like, self.size, 0)
        text: str = like.extra_repr()
        return text


class LazyLinear(Lazy):
    """`Linear` for any number of features."""

    cls_to_become = Linear
    axis = -1


class LazyConv1d(Lazy):
    """`Conv1d` for any number of channels."""

    axis = -2
    cls_to_become = Conv1d


class LazyConv2d(Lazy):
    """`Conv2d` for any number of channels."""

    axis = -3
    cls_to_become = Conv2d


class LazyConv3d(Lazy):
    """`Conv3d` for any number of channels."""

    axis = -4
    cls_to_become = Conv3d


class LazyConvTranspose1d(Lazy):
    """`ConvTranspose1d` for any number of channels."""

    axis = -2
    cls_to_become, weight_axis = ConvTranspose1d, 0


class LazyConvTranspose2d(Lazy):
    """`ConvTranspose2d` for any number of channels."""

    axis = -3
    cls_to_become, weight_axis = ConvTranspose2d, 0


class LazyConvTranspose3d(Lazy):
    """`ConvTranspose3d` for any number of channels."""

    axis = -4
    cls_to_become, weight_axis = ConvTranspose3d, 0


class LazyBatchNorm1d(Lazy):
    """`BatchNorm1d` for any number of channels."""

    cls_to_become, weight_axis = BatchNorm1d, 0


class LazyBatchNorm2d(Lazy):
    """`BatchNorm2d` for any number of channels."""

    cls_to_become, weight_axis = BatchNorm2d, 0


class LazyBatchNorm3d(Lazy):
    """`BatchNorm3d` for any number of channels."""

    cls_to_become, weight_axis = BatchNorm3d, 0


class LazyInstanceNorm1d(Lazy):
    """`InstanceNorm1d` for any number of channels."""

    axis = -2
    cls_to_become, weight_axis = InstanceNorm1d, 0


class LazyInstanceNorm2d(Lazy):
    """`InstanceNorm2d` for any number of channels."""

    axis = -3
    cls_to_become, weight_axis = InstanceNorm2d, 0


class LazyInstanceNorm3d(Lazy):
    """`InstanceNorm3d` for any number of channels."""

    axis = -4
    cls_to_become, weight_axis = InstanceNorm3d, 0
