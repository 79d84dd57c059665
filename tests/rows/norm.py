"""Rows of normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row


def normalized(training: bool) -> Callable[[Draw], Case]:
    def cases(d: Draw) -> Case:
        rank, c = d.integer(0, 3), d.choice(1, 2, 5, 17)
        x = A(d.batch() + training, c, *d.several(rank, 1, 3))
        return case(x, A(c), A(c), mean=A(c), var=A(c, kind="positive"), training=training, eps=d.choice(1e-5, 0.1))

    return cases


def batch_norm(t: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, **o: Any) -> Any:
    out = t.nn.functional.batch_norm(x, mean, var, w, b, training, **o)
    return [out, mean, var] if training else out


def batch_norm_relu(t: Any, *args: Any, **o: Any) -> Any:
    """Fused here, two functions in PyTorch."""
    if "torch" not in t.__name__:
        return batch_norm(t, *args, **o, relu=True)
    out = batch_norm(t, *args, **o)
    return [t.relu(out[0]), *out[1:]] if isinstance(out, list) else t.relu(out)


def relu_first(*args: Any, **o: Any) -> Any:
    out = references.batch_norm(*args, **o)
    return [references.relu(out[0]), *out[1:]] if isinstance(out, list) else references.relu(out)


def norm_big(training: bool) -> tuple[Case, Case]:
    sizes = (8, 64, 56, 56), (8, 256, 28, 28)
    first, second = (case(A(*s), A(s[1]), A(s[1]), mean=A(s[1]), var=A(s[1], kind="positive"),
        training=training) for s in sizes)
    return first, second


for _name, _function, _reference, _torch in (("batch_norm", batch_norm, references.batch_norm, ""),
                                             ("batch_norm_relu", batch_norm_relu, relu_first, "")):
    _c = {"mean": A(4), "var": A(4, kind="positive")}
    row(_name, _function, _reference, normalized(True), big=norm_big(True), empty=False, refuses=(
        refuse(ValueError, "batch_norm (1, 4) 1 element", A(1, 4), A(4), A(4), **_c, training=True),
        refuse(ValueError, "batch_norm (3,) (2, 4, 3) (4,)", A(2, 4, 3), A(3), A(4), **_c, training=True)))
    row(f"{_name}_eval", _function, _reference, normalized(False), big=norm_big(False), sums=False,
        linear=(0, 1, 2) if _name == "batch_norm" else ())


def grouped(d: Draw) -> Case:
    groups, size = d.integer(1, 3), d.several(d.integer(0, 3), 1, 4)
    c = groups * d.choice(2, 3, 8)
    weight, bias = d.choice((A(c), A(c)), (A(c), None), (None, A(c)), (None, None))
    return case(A(d.batch(), c, *size), groups, weight, bias, eps=d.choice(0.01, 0.1))


def instance_norm(t: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, use_input_stats: bool, **o: Any) -> Any:
    out = t.nn.functional.instance_norm(x, mean, var, w, b, use_input_stats, **o)
    return [out, mean, var] if use_input_stats else out


def instances(d: Draw) -> Case:
    c, size = d.choice(1, 2, 5, 17), d.several(d.integer(1, 3), 2, 4)
    return case(A(d.batch(), c, *size), A(c), A(c), mean=A(c), var=A(c, kind="positive"), use_input_stats=True,
                eps=d.choice(0.01, 0.1))


def layered(d: Draw) -> Case:
    shape = d.choice(d.several(1, 2, 9), d.several(2, 2, 4))
    weight, bias = d.choice((A(*shape), A(*shape)), (A(*shape), None), (None, None))
    return case(A(d.batch(), *d.several(d.integer(0, 2), 1, 3), *shape), shape, weight, bias, eps=d.choice(0.01, 0.1))


def rooted(d: Draw) -> Case:
    shape = d.choice(d.several(1, 2, 9), d.several(2, 2, 4))
    return case(A(d.batch(), *d.several(d.integer(0, 2), 1, 3), *shape), shape, d.choice(A(*shape), None), eps=0.1)


def responding(d: Draw) -> Case:
    x = A(d.batch(), d.choice(1, 3, 5, 17), *d.several(d.integer(1, 3), 1, 3))
    options = {} if d.choice(True, False) else {"alpha": 0.5, "beta": d.choice(0.5, 1.2), "k": 2.0}
    return case(x, d.integer(1, 6), **options)


def paper_response(t: Any, x: Any, size: int, alpha: float = 1e-4, **o: Any) -> Any:
    """The sum is not divided: in PyTorch that takes an alpha as many times as large."""
    if "torch" in t.__name__:
        return t.nn.functional.local_response_norm(x, size, alpha * size, **o)
    return t.nn.functional.local_response_norm(x, size, alpha, **o, average=False)


def group_norm_of_torch(t: Any, x: Any, groups: int, weight: Any, bias: Any, **options: Any) -> Any:
    """PyTorch differentiates no bias without a weight."""
    weight = t.ones_like(bias) if weight is None and bias is not None else weight
    return t.nn.functional.group_norm(x, groups, weight, bias, **options)


row("group_norm", "nn.functional.group_norm", references.group_norm, grouped, torch=group_norm_of_torch,
    big=tuple(case(A(*s), 32, A(s[1]), A(s[1])) for s in ((8, 64, 56, 56), (8, 256, 28, 28))), refuses=(
    refuse(ValueError, "group_norm num_groups 3 (2, 4, 3)", A(2, 4, 3), 3),
    refuse(ValueError, "group_norm (1, 4) 4 groups 1 element", A(1, 4), 4),
    refuse(ValueError, "group_norm (3,) (4,)", A(2, 4, 3), 2, A(3), A(3))))
row("instance_norm", instance_norm, references.instance_norm, instances, empty=False,
    big=tuple(case(A(*s), A(s[1]), A(s[1]), mean=A(s[1]), var=A(s[1], kind="positive"), use_input_stats=True)
              for s in ((8, 64, 56, 56), (8, 256, 28, 28))), refuses=(
    refuse(ValueError, "instance_norm (2, 4, 1) 1 element", A(2, 4, 1), A(4), A(4), mean=A(4), var=A(4),
           use_input_stats=True),))
row("layer_norm", "nn.functional.layer_norm", references.layer_norm, layered,
    big=(case(A(8, 56, 56, 96), (96,), A(96), A(96)), case(A(8, 28, 28, 192), (192,), A(192), A(192))), refuses=(
    refuse(ValueError, "layer_norm normalized_shape (3,) (2, 4)", A(2, 4), (3,)),
    refuse(ValueError, "layer_norm weight (3,) (4,)", A(2, 4), (4,), A(3))))
row("rms_norm", "nn.functional.rms_norm", references.rms_norm, rooted,
    big=(case(A(8, 56, 56, 96), (96,), A(96)), case(A(8, 28, 28, 192), (192,), A(192))), refuses=(
    refuse(ValueError, "rms_norm normalized_shape (3,) (2, 4)", A(2, 4), (3,)),))
row("local_response_norm", "nn.functional.local_response_norm", references.local_response_norm, responding,
    big=(case(A(8, 96, 55, 55), 5), case(A(8, 256, 27, 27), 5)), refuses=(
    refuse(ValueError, "local_response_norm (2, 4) 3 axes", A(2, 4), 5),
    refuse(ValueError, "local_response_norm size 0 at least 1", A(2, 4, 3), 0)))
row("local_response_norm_of_the_paper", paper_response,
    lambda *a, **o: references.local_response_norm(*a, **o, average=False), responding,
    big=(case(A(8, 96, 55, 55), 5), case(A(8, 256, 27, 27), 5)))


def beside(d: Draw) -> Case:
    x = A(*d.image())
    return case(x, x)


_images = A(8, 64, 56, 56), A(4, 64, 112, 112)
row("normalize", "nn.functional.normalize", references.normalize, lambda d: case(A(*d.image()), d.choice(2.0, 3.0), 1),
    big=(case(_images[0], 2.0, 1), case(_images[1], 2.0, 1)),
    refuses=(refuse(IndexError, "norm axis 2 with 2 axes", A(2, 3), 2.0, 2),))
row("cosine_similarity", "nn.functional.cosine_similarity", references.cosine_similarity, beside,
    big=(case(_images[0], _images[0]), case(_images[1], _images[1])),
    refuses=(refuse(ValueError, "cosine_similarity (2, 3) (4, 3) broadcast", A(2, 3), A(4, 3)),))
row("pairwise_distance", "nn.functional.pairwise_distance", references.pairwise_distance, beside,
    big=(case(_images[0], _images[0]), case(_images[1], _images[1])),
    refuses=(refuse(ValueError, "sub (2, 3) (4, 3) broadcast", A(2, 3), A(4, 3)),))
