"""PyTorch's place for `checkpoint`: memory for time."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from ..checkpoint import checkpoint

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint_sequential(functions: Iterable[Callable[[Any], Any]], segments: int, input: Any,
                          use_reentrant: bool | None = None, preserve_rng_state: bool = True) -> Any:
    """The functions (or the modules of a Sequential) one after another, in `segments` parts of equal length, of which all
    but the last are checkpoints; what is over belongs to the last. `use_reentrant` makes no difference."""
    steps = list(functions)
    if not 0 < segments <= len(steps):
        raise ValueError(f"checkpoint_sequential: segments is {segments} but there are {len(steps)} functions; use 1 to "
                         f"{len(steps)}")
    size = len(steps) // segments

    def run(part: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        return lambda x: reduce(lambda value, step: step(value), part, x)

    for k in range(segments - 1):
        input = checkpoint(run(steps[k * size:(k + 1) * size]), input, use_reentrant=use_reentrant,
                           preserve_rng_state=preserve_rng_state)
    return run(steps[(segments - 1) * size:])(input)
