"""Rows of losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import references
from ..cases import A, Case, Draw, case
from . import refuse, row

SCORES, PIXELS = case(A(4096, 1000), A(4096, kind="classes", below=1000)), case(
    A(8, 21, 128, 128), A(8, 128, 128, kind="classes", below=21))
IMAGES, MORE = case(A(8, 64, 56, 56), A(8, 64, 56, 56)), case(A(4, 64, 112, 112), A(4, 64, 112, 112))
REDUCTIONS = "mean", "sum", "none"


def several(d: Draw, classes: int) -> tuple[int, ...]:
    """A batch of scores: pixels enough for a vector loop, a few, none."""
    return (d.batch(), classes, *d.choice((), (3,), (2, 3), (5, 13)))


def scores(d: Draw) -> Case:
    """Few classes and many; some targets that do not count; weights and smoothing."""
    shape, ignored = several(d, d.choice(1, 2, 5, 70)), d.choice(-100, 0)
    options: dict[str, Any] = {"ignore_index": ignored, "reduction": d.choice(*REDUCTIONS[ignored >= 0:])}
    if d.integer(0, 1):
        options["weight"] = A(shape[1], kind="positive")
    return case(A(*shape), A(shape[0], *shape[2:], kind="classes", below=shape[1]), **options)


def smoothed(d: Draw) -> Case:
    drawn = scores(d)
    return case(*drawn.args, **drawn.options, label_smoothing=d.choice(0.1, 0.5, 1.0))


def soft(d: Draw) -> Case:
    shape = several(d, d.integer(1, 5))
    return case(A(*shape), A(*shape, kind="positive"), reduction=d.choice(*REDUCTIONS), label_smoothing=d.choice(0.0, 0.2))


def pairs(**options: tuple[float, ...]) -> Any:
    """Input and target of one shape, a reduction, and a choice of each option."""
    def cases(d: Draw) -> Case:
        shape = d.image()
        return case(A(*shape), A(*shape), reduction=d.choice(*REDUCTIONS),
                    **{name: d.choice(*values) for name, values in options.items()})

    return cases


def probabilities(d: Draw) -> Case:
    shape = d.image()
    weight = {"weight": A(shape[-1], kind="positive")} if d.integer(0, 1) else {}
    return case(A(*shape), A(*shape), reduction=d.choice(*REDUCTIONS), **weight)


def logits(d: Draw) -> Case:
    drawn = probabilities(d)
    more = {"pos_weight": A(drawn.args[0].shape[-1], kind="positive")} if d.integer(0, 1) else {}
    return case(*drawn.args, **drawn.options, **more)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


row("cross_entropy", "nn.functional.cross_entropy", references.cross_entropy, scores, big=(SCORES, PIXELS), refuses=(
    refuse(ValueError, "cross_entropy input (2, 3) target (4,)", A(2, 3), A(4, kind="classes", below=3)),
    refuse(ValueError, "cross_entropy reduction 'most' 'mean'", A(2, 3), A(2, kind="classes", below=3), reduction="most"),
    refuse(ValueError, "cross_entropy weight (2,) 3 classes", A(2, 3), A(2, kind="classes", below=3), weight=A(2)),
    refuse(ValueError, "cross_entropy label_smoothing 2 probability", A(2, 3), A(2, kind="classes", below=3),
           label_smoothing=2),
    refuse(IndexError, "cross_entropy target 3 classes ignore_index", A(9, 3), A(9, kind="classes", below=4))))
row("cross_entropy_smoothed", "nn.functional.cross_entropy", references.cross_entropy, smoothed, big=(
    case(*SCORES.args, label_smoothing=0.1), case(*PIXELS.args, label_smoothing=0.1, weight=A(21, kind="positive"))))
row("cross_entropy_soft", "nn.functional.cross_entropy", references.cross_entropy, soft, big=(
    case(A(4096, 1000), A(4096, 1000, kind="positive")), case(A(8, 21, 128, 128), A(8, 21, 128, 128, kind="positive"))),
    refuses=(refuse(ValueError, "cross_entropy ignore_index 1 probabilities", A(2, 3), A(2, 3), ignore_index=1),))
row("nll_loss", "nn.functional.nll_loss", references.nll_loss, scores, big=(SCORES, PIXELS), linear=(0,), refuses=(
    refuse(ValueError, "nll_loss input (2, 3) target (4,)", A(2, 3), A(4, kind="classes", below=3)),
    refuse(ValueError, "nll_loss weight (4,) 3 classes", A(2, 3), A(2, kind="classes", below=3), weight=A(4)),
    refuse(IndexError, "nll_loss target 3 classes", A(9, 3), A(9, kind="classes", below=4))))

for _name, _options in (("mse_loss", {}), ("l1_loss", {}), ("smooth_l1_loss", {"beta": (1.0, 0.3)}),
                        ("huber_loss", {"delta": (1.0, 0.3)})):
    row(_name, f"nn.functional.{_name}", getattr(references, _name), pairs(**_options), big=(IMAGES, MORE), refuses=(
        refuse(ValueError, f"{_name} reduction 'most' 'mean'", A(2, 3), A(2, 3), reduction="most"),
        refuse(ValueError, f"{_name} (2, 3) (4, 3) broadcast", A(2, 3), A(4, 3))))
row("binary_cross_entropy", lambda t, x, y, **options: t.nn.functional.binary_cross_entropy(
    t.sigmoid(x), t.sigmoid(y), **options), lambda x, y, **options: references.binary_cross_entropy(
    sigmoid(x), sigmoid(y), **options), probabilities, big=(IMAGES, MORE))
row("binary_cross_entropy_with_logits", "nn.functional.binary_cross_entropy_with_logits",
    references.binary_cross_entropy_with_logits, logits, big=(IMAGES, MORE), refuses=(
        refuse(ValueError, "binary_cross_entropy_with_logits input (2, 3) target (3,)", A(2, 3), A(3)),))
row("kl_div", "nn.functional.kl_div", references.kl_div, lambda d: case(A(*d.image()), A(1, kind="positive"),
    reduction=d.choice("sum", "none", "batchmean"), log_target=d.choice(False, True)), big=(
        case(*IMAGES.args, reduction="sum", log_target=True), case(*MORE.args, reduction="sum", log_target=True)))
