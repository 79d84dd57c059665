"""What changes a tensor in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import shapes
from ..operators import beside
from ..ops import arrange, inplace, random
from ..random import stream
from .shaping import several


def _in_place(name: str) -> Any:
    """The method `name` written back into the tensor itself."""

    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        def compute(x: Any) -> Any:
            return getattr(x, name)(*arguments, **options)

        return inplace.update(name, self, compute, *arguments, *options.values())

    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f"`{name}` in place; returns the tensor."
    return method


def _turned(name: str) -> Any:
    """The method `name`, a view, put in the place of the tensor's own shape."""

    def method(self: Any, *arguments: Any) -> Any:
        inplace.refuse_recorded(name + "_", self)
        self.array = getattr(self.detach(), name)(*arguments).array
        self.version.count += 1
        return self

    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f"`{name}` in place: the tensor looks at its memory in another way. Returns the tensor."
    return method


def _table(*names: str) -> list[Callable[..., Any]]:
    return [_in_place(name) for name in names]


class InPlace:
    """`x.add_(1)` and its like: the operation of the same name, written into the tensor's own memory."""

    __slots__ = ()
    array: Any

    def __setitem__(self, key: Any, value: Any) -> None:
        inplace.put(self, key, beside(value, self))

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        """Overwrite with `src`, broadcast and cast."""
        source = beside(src, self)
        if getattr(source, "ndim", 0) > self.array.ndim:
            raise shapes.ShapeError(f"copy_: the source has shape {source.shape} but the tensor {self.array.shape}; give one "
                                    "that broadcasts to it")
        return inplace.write("copy_", self, self.array, source)

    def fill_(self, value: Any) -> Any:
        """Overwrite with a number, or with a tensor without axes."""
        value = beside(value, self)
        if getattr(value, "ndim", 0):
            raise RuntimeError(f"fill_: the value has shape {value.shape} but a tensor without axes, or a number, is needed; "
                               "use copy_")
        return inplace.write("fill_", self, self.array, value)

    def zero_(self) -> Any:
        """Overwrite with zeros."""
        return self.fill_(0)

    def uniform_(self, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **named: float) -> Any:
        """Overwrite with uniform numbers in [from_, to); PyTorch's name `from` may be given too."""
        with stream(generator):
            drawn = random.drawn("uniform", self, named.get("from", from_), to)
        return inplace.write("uniform_", self, self.array, drawn)

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Overwrite with normal numbers."""
        with stream(generator):
            return inplace.write("normal_", self, self.array, random.drawn("normal", self, mean, std))

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """Overwrite with 1 with probability `p`, a number or a tensor, else 0."""
        with stream(generator):
            return inplace.write("bernoulli_", self, self.array, random.bernoulli("bernoulli_", self, p))

    def random_(self, low: int = 0, high: int | None = None, *, generator: Any = None) -> Any:
        """Overwrite with integers from `low` to `high` - 1 (of one number: from 0 to it - 1), each as likely; without
        numbers up to what the dtype counts exactly."""
        most = {"float32": 2**24 + 1, "uint8": 256, "bool": 2, "int32": 2**31}.get(self.array.dtype.name, 2**48)
        low, high = (low, high) if high is not None else (0, low or most)
        with stream(generator):
            drawn = random.integers("random_", self, low, high, self.array.shape)
        return inplace.write("random_", self, self.array, drawn)

    def resize_(self, *sizes: Any, memory_format: Any = None) -> Any:
        """Another shape, of another number of elements too: those there are stay, in their order, others are unwritten."""
        del memory_format
        inplace.refuse_recorded("resize_", self)
        shape = shapes.extents("resize_", several(sizes))
        return inplace.resized(self, shape)

    def resize_as_(self, the_template: Any, *, memory_format: Any = None) -> Any:
        """`resize_` to the shape of another tensor."""
        return self.resize_(the_template.shape, memory_format=memory_format)

    def fill_diagonal_(self, fill_value: Any) -> Any:
        """Overwrite the diagonal of a matrix with a number."""
        if self.array.ndim != 2:
            raise RuntimeError(f"fill_diagonal_: shape {self.array.shape} has {self.array.ndim} axes but 2 are needed; fill a "
                               "diagonal() of it")
        rank = min(self.array.shape)
        return inplace.write("fill_diagonal_", self, arrange.along_diagonal(self.array[:rank, :rank], 0), fill_value)

    squeeze_, unsqueeze_, t_, transpose_ = map(_turned, ("squeeze", "unsqueeze", "t", "transpose"))
    swapaxes_, swapdims_ = map(_turned, ("swapaxes", "swapdims"))
    add_, sub_, mul_, div_, pow_ = _table("add", "sub", "mul", "div", "pow")
    addcmul_, addcdiv_, lerp_ = _table("addcmul", "addcdiv", "lerp")
    clamp_, clamp_min_, clamp_max_, clip_ = _table("clamp", "clamp_min", "clamp_max", "clip")
    relu_, sigmoid_, tanh_, exp_, log_, sqrt_, rsqrt_ = _table("relu", "sigmoid", "tanh", "exp", "log", "sqrt", "rsqrt")
    neg_, abs_, sign_, square_, reciprocal_ = _table("neg", "abs", "sign", "square", "reciprocal")
    absolute_, negative_, subtract_, multiply_, divide_ = _table("abs", "neg", "sub", "mul", "div")
    floor_, ceil_, round_, trunc_, frac_ = _table("floor", "ceil", "round", "trunc", "frac")
    erf_, erfc_, erfinv_ = _table("erf", "erfc", "erfinv")
    sin_, cos_, tan_, asin_, acos_, atan_, atan2_ = _table("sin", "cos", "tan", "asin", "acos", "atan", "atan2")
    sinh_, cosh_, asinh_, acosh_, atanh_ = _table("sinh", "cosh", "asinh", "acosh", "atanh")
    deg2rad_, rad2deg_, logit_, hypot_ = _table("deg2rad", "rad2deg", "logit", "hypot")
    arcsin_, arccos_, arctan_, arctan2_, fix_, true_divide_ = asin_, acos_, atan_, atan2_, trunc_, divide_
    exp2_, expm1_, log2_, log10_, log1p_ = _table("exp2", "expm1", "log2", "log10", "log1p")
    floor_divide_, remainder_, fmod_, nan_to_num_ = _table("floor_divide", "remainder", "fmod", "nan_to_num")
    logical_and_, logical_or_, logical_xor_, logical_not_ = _table("logical_and", "logical_or", "logical_xor", "logical_not")
    bitwise_and_, bitwise_or_, bitwise_xor_, bitwise_not_ = _table("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not")
    eq_, ne_, lt_, le_, gt_, ge_ = _table("eq", "ne", "lt", "le", "gt", "ge")
    not_equal_, less_, less_equal_, greater_, greater_equal_ = ne_, lt_, le_, gt_, ge_
    addmm_, addmv_, addr_, baddbmm_ = _table("addmm", "addmv", "addr", "baddbmm")
    masked_fill_, masked_scatter_, tril_, triu_ = _table("masked_fill", "masked_scatter", "tril", "triu")
    index_add_, index_copy_, index_fill_, index_put_ = _table("index_add", "index_copy", "index_fill", "index_put")
    scatter_, scatter_add_, scatter_reduce_ = _table("scatter", "scatter_add", "scatter_reduce")
    cumsum_, cumprod_ = _table("cumsum", "cumprod")
