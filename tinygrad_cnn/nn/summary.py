"""What a network is made of, layer by layer. It runs on the meta device: nothing is computed, no memory is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import prod
from typing import Any

from .. import random
from ..creation import empty
from ..grad_mode import no_grad
from ..tensor import Tensor
from ..text import extents, scaled
from .conv import Conv, ConvTranspose
from .linear import Linear
from .module import Module, watch
from .parameter import Parameter

WIDTHS = (24, 15, 16, 11, 10)  # with the gaps 80 columns


@dataclass(frozen=True)
class Row:
    """One call of one layer: its output and multiply-adds (without bias and activation) for a single sample."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Summary:
    """The layers of a network in the order in which they run; printed, a table of 80 columns.

    `outputs` are the shapes of its results for a single sample, of which some networks have several.
    """

    title: str
    rows: tuple[Row, ...]
    outputs: tuple[tuple[int, ...], ...]
    parameters: int
    trainable: int

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers for one sample."""
        return sum(row.macs for row in self.rows)

    def __str__(self) -> str:
        rule = "-" * (sum(WIDTHS) + len(WIDTHS) - 1)
        head = _line("Layer", "Type", "Output", "Parameters", "MACs")
        body = [_line(row.name, row.kind, extents(row.shape), f"{row.parameters:,}" * (row.parameters > 0),
                      scaled(row.macs) * (row.macs > 0)) for row in self.rows]
        frozen = f", {self.trainable:,} of them trained" if self.trainable != self.parameters else ""
        return "\n".join([self.title, rule, head, rule, *body, rule,
                          f"{self.parameters:,} parameters{frozen}; {scaled(self.macs)} multiply-adds for one sample"])


def summary(model: Module, input_shape: Sequence[int]) -> Summary:
    """The layers of `model` for one input of `input_shape` (without the batch axis), in the mode the model is in.

    The model itself is not touched: unless it is on the meta device, a twin without memory runs in its place.
    """
    twin = model if _is_on_meta(model) else on_meta(model)
    names = {id(module): name for name, module in twin.named_modules()}
    parameters = list(twin.parameters())
    counted: set[int] = set()
    rows: list[Row] = []

    def add(module: Module, inputs: tuple[Any, ...], out: Any) -> None:
        own = [p for p in module.parameters(recurse=False) if id(p) not in counted]
        if own or not any(True for _ in module.children()):
            counted.update(id(p) for p in own)
            shape = tuple(out.shape[1:]) if isinstance(out, Tensor) else ()
            rows.append(Row(names.get(id(module), ""), type(module).__name__, shape, sum(p.numel() for p in own),
                            _macs(module, inputs, out)))

    # Two samples, because batch norm refuses to train on the single values that 1x1 images of one sample have.
    sample = empty((2, *input_shape), device="meta", dtype=parameters[0].dtype if parameters else None)
    state = random.get_state()
    with watch(add), no_grad():
        out = twin(sample)
    random.set_state(state)  # dropout drew numbers that belong to somebody else
    outputs = tuple(tuple(x.shape[1:]) for x in _tensors(out))
    title = f"{type(model).__name__}, input {extents(input_shape)}, output {', '.join(map(extents, outputs))}"
    return Summary(title, tuple(rows), outputs, sum(p.numel() for p in parameters),
                   sum(p.numel() for p in parameters if p.requires_grad))


def _tensors(out: Any) -> list[Tensor]:
    """The tensors of a result: one, or several by position or by name, where None stands for one that is left out."""
    if out is None:
        return []
    if isinstance(out, Tensor):
        return [out]
    return [x for part in (out.values() if isinstance(out, Mapping) else out) for x in _tensors(part)]


def _is_on_meta(model: Module) -> bool:
    return all(tensor.device == "meta" for tensor in (*model.parameters(), *model.buffers()))


def on_meta(model: Module) -> Module:
    """A copy of `model` whose parameters and buffers have shapes but no memory."""
    memo: dict[int, Any] = {}
    for tensor in (*model.parameters(), *model.buffers()):
        made = empty(tensor.shape, device="meta", dtype=tensor.dtype)
        memo[id(tensor)] = Parameter(made, tensor.requires_grad) if isinstance(tensor, Parameter) else made
    return deepcopy(model, memo)


def _macs(module: Module, inputs: tuple[Any, ...], out: Any) -> int:
    """Multiply-adds for one sample: every weight is used once per position."""
    if isinstance(module, Conv):
        return module.weight.numel() * prod(out.shape[2:])
    if isinstance(module, ConvTranspose):
        return module.weight.numel() * prod(inputs[0].shape[2:])
    if isinstance(module, Linear):
        return module.weight.numel() * prod(out.shape[1:-1])
    return 0


def _line(*cells: str) -> str:
    """Cells cut or padded to their widths; the first keeps its end, where layers differ. Numbers stand to the right."""
    fitted = [cell if len(cell) <= width else "~" + cell[1 - width:] for cell, width in zip(cells, WIDTHS)]
    return " ".join(cell.ljust(w) if k < 3 else cell.rjust(w) for k, (cell, w) in enumerate(zip(fitted, WIDTHS)))
