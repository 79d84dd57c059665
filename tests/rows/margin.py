"""Rows of losses of pairs and triples, of margins, and of distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row
from .loss import IMAGES, MORE, REDUCTIONS

SCORES = A(4096, 1000)


def signed(name: str, operands: int) -> Callable[..., Any]:
    """The loss, whose target is 1 where it is given a true, else -1."""
    def call(t: Any, *arguments: Any, **options: Any) -> Any:
        tensors, target = arguments[:operands], arguments[operands]
        return getattr(t.nn.functional, name)(*tensors, 2 * target.to(tensors[0].dtype) - 1, **options)

    return call


def by_signs(name: str, operands: int) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(references, name)(*arguments[:operands], 2.0 * arguments[operands] - 1, **options)

    return call


def drawn(d: Draw, *values: Any, **options: Any) -> Case:
    return case(*values, reduction=d.choice(*REDUCTIONS), **options)


def margin(d: Draw) -> float:
    return float(d.choice(0.5, 1.3))


def pair(operands: int, rank: int | None = None) -> Callable[[Draw], Case]:
    """So many tensors of one shape, signs for each element or for each of the batch, and a margin."""
    def cases(d: Draw) -> Case:
        shape = d.image() if rank is None else (d.batch(), d.integer(2, 4))
        return drawn(d, *[A(*shape)] * operands, A(*shape[:rank], kind="flags"), margin=margin(d))

    return cases


def big(operands: int, *more: Any, **options: Any) -> tuple[Case, Case]:
    return tuple(case(*[x] * operands, *[A(*x.shape, kind=k) for k in more], **options)  # type: ignore[return-value]
                 for x in (IMAGES.args[0], MORE.args[0]))


row("triplet_margin_loss", "nn.functional.triplet_margin_loss", references.triplet_margin_loss, lambda d: (
    lambda n, f: drawn(d, A(n, f), A(n, f), A(n, f), margin=margin(d), swap=d.choice(False, True)))(d.batch(), d.integer(1, 4)),
    big=(case(*[A(4096, 256)] * 3), case(*[A(2048, 1024)] * 3, swap=True)), refuses=(
    refuse(ValueError, "triplet_margin_loss margin 0 above 0", A(2, 3), A(2, 3), A(2, 3), margin=0),
    refuse(ValueError, "triplet_margin_loss 2, 2 and 1 axes", A(2, 3), A(2, 3), A(3))))
row("cosine_embedding_loss", signed("cosine_embedding_loss", 2), by_signs("cosine_embedding_loss", 2), pair(2, 1),
    big=tuple(case(A(*s), A(*s), A(s[0], kind="flags")) for s in ((4096, 512), (2048, 1024))))
row("margin_ranking_loss", signed("margin_ranking_loss", 2), by_signs("margin_ranking_loss", 2), pair(2),
    big=big(2, "flags"))
row("hinge_embedding_loss", signed("hinge_embedding_loss", 1), by_signs("hinge_embedding_loss", 1), pair(1),
    big=big(1, "flags"))
row("soft_margin_loss", signed("soft_margin_loss", 1), by_signs("soft_margin_loss", 1),
    lambda d: (lambda shape: drawn(d, A(*shape), A(*shape, kind="flags")))(d.image()), big=big(1, "flags"))
row("multilabel_soft_margin_loss", "nn.functional.multilabel_soft_margin_loss", references.multilabel_soft_margin_loss,
    lambda d: (lambda n, c: drawn(d, A(n, c), A(n, c), d.choice(None, A(c))))(d.batch(), d.integer(1, 4)),
    big=(case(SCORES, SCORES, None), case(A(2048, 1024), A(2048, 1024), None)))


def classes(d: Draw) -> Case:
    n, c = d.batch(), d.integer(2, 5)
    return drawn(d, A(n, c), A(n, kind="classes", below=c), d.choice(1, 2), margin(d),
                 weight=d.choice(None, A(c, kind="positive")))


row("multi_margin_loss", "nn.functional.multi_margin_loss", references.multi_margin_loss, classes,
    big=tuple(case(A(*s), A(s[0], kind="classes", below=s[1]), p) for s, p in (((4096, 1000), 1), ((2048, 1024), 2))), refuses=(
    refuse(ValueError, "multi_margin_loss (2, 3) (4,)", A(2, 3), A(4, kind="classes", below=3)),))
row("multilabel_margin_loss", lambda t, x, target, **o: t.nn.functional.multilabel_margin_loss(x, target - 1, **o),
    lambda x, target, **o: references.multilabel_margin_loss(x, target - 1, **o),
    lambda d: (lambda n: drawn(d, A(n, 4), A(n, 4, kind="classes", below=5)))(d.batch()),
    big=tuple(case(A(n, 8), A(n, 8, kind="classes", below=9)) for n in (65536, 49152)))


def counts(t: Any, x: Any, target: Any, log_input: bool, **options: Any) -> Any:
    return t.nn.functional.poisson_nll_loss(x if log_input else t.exp(x), target, log_input, **options)


def counted(d: Draw) -> Case:
    shape = d.image()
    return drawn(d, A(*shape), A(*shape, kind="positive"), d.choice(True, False), full=d.choice(False, True))


row("poisson_nll_loss", counts, lambda x, target, log_input, **o: references.poisson_nll_loss(
    x if log_input else np.exp(x), target, log_input, **o), counted,
    big=tuple(case(x, A(*x.shape, kind="positive"), True, full=True) for x in (IMAGES.args[0], MORE.args[0])))
row("gaussian_nll_loss", "nn.functional.gaussian_nll_loss", references.gaussian_nll_loss,
    lambda d: (lambda shape: drawn(d, A(*shape), A(*shape), A(*shape, kind="positive"), full=d.choice(False, True)))(d.image()),
    big=tuple(case(x, x, A(*x.shape, kind="positive")) for x in (IMAGES.args[0], MORE.args[0])))
