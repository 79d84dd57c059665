"""What a network computes, block by block: boxes and the links between them, found by running it without numbers.

A block is a module with modules inside. Its graph has a box for each module that it calls and for each operation between
them; modules that contain others are boxes too, and have graphs of their own. Everything comes from one run on the meta
device: which values went into a call and came out of it, and, between calls, the graph that autograd recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from .. import formulas, random
from ..autograd import edge
from ..creation import empty
from ..nn.activation import ReLU, Sigmoid, Tanh
from ..nn.containers import ModuleList, Sequential
from ..nn.conv import Conv, ConvTranspose
from ..nn.dropout import Dropout
from ..nn.linear import Flatten, Linear
from ..nn.module import Module, watch
from ..nn.norm import BatchNorm, LocalResponseNorm
from ..nn.pool import AdaptiveAvgPool, AvgPool, MaxPool
from ..nn.summary import on_meta
from ..tensor import Tensor
from ..text import extents

Words = tuple[tuple[type | tuple[type, ...], str], ...]
Value = Any  # what identifies a value: the node that made it and which of its results it is, or a leaf
FOLLOWERS = (BatchNorm, ReLU, Sigmoid, Tanh, Dropout)  # written into the box of what they follow
SIGNS = {"add": "+", "sub": "-", "mul": "x", "div": "/"}
NUMBERED = tuple(sign + " " for sign in SIGNS.values())  # so begin operations with a number on the right
OPERATIONS = {"Concat": "concat", "Index": "crop"}
SHORT = {"batch norm": "BN"}  # behind other words
NAMES: Words = ((BatchNorm, "batch norm"), (LocalResponseNorm, "local response norm"), (Flatten, "flatten"))
STYLES: Words = (((Conv, ConvTranspose), "convolution"), ((MaxPool, AvgPool, AdaptiveAvgPool), "pooling"),
                 (Linear, "dense layer"), (Flatten, "operation"))


class Call(NamedTuple):
    """One call of a module: the values that went in and came out, and the calls within."""

    path: str
    module: Module
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    shape: tuple[int, ...]
    calls: tuple[Call, ...]


@dataclass
class Box:
    """A module, an operation, or the input of a block: what is written, the shape that comes out, and the calls of the
    blocks it stands for, several if alike ones follow one another."""

    title: str
    shape: tuple[int, ...]
    style: str
    notes: list[str] = field(default_factory=list)
    module: Module | None = None
    calls: tuple[Call, ...] = ()
    count: int = 1


@dataclass
class Graph:
    """The boxes of a block in the order of computation, and links as pairs of their numbers."""

    boxes: list[Box]
    links: list[tuple[int, int]]


def trace(model: Module, input_shape: Sequence[int]) -> Call:
    """The call of `model` for inputs of `input_shape` (without the batch axis), as in training, on the meta device."""
    twin = on_meta(model).train().requires_grad_()
    paths = {id(module): path for path, module in twin.named_modules()}
    done: list[Call] = []
    kept: list[Any] = []  # values are known by the address of their node: none may die before the end

    def record(module: Module, inputs: tuple[Any, ...], out: Any) -> None:
        path = paths.get(id(module), "")
        first = len(done)
        while first and (done[first - 1].path.startswith(path + ".") or not path):
            first -= 1
        found = list(_tensors(out))
        kept.extend((inputs, found))
        call = Call(path, module, tuple(map(_value, _tensors(inputs))), tuple(map(_value, found)),
                    tuple(found[0].shape[1:]) if found else (), tuple(done[first:]))
        done[first:] = [call]

    state = random.get_state()
    with watch(record):
        twin(empty(2, *input_shape, device="meta").requires_grad_())
    random.set_state(state)
    return done[-1]


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(tuple(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)


def _value(tensor: Tensor) -> Value:
    found = edge(tensor)
    return found if found is None else (found[0], found[1])


def graph(call: Call) -> Graph:
    """The graph of a block, with what belongs together in one box."""
    return _runs(_followed(_whole(call)), layers=not call.path)


def _whole(call: Call) -> Graph:
    made = {value: inner for inner in _direct(call) for value in inner.outputs if value not in inner.inputs}
    boxes: list[Box] = []
    links: list[tuple[int, int]] = []
    numbers: dict[Any, int] = {}

    def key(value: Value) -> Any:
        return id(made[value]) if value in made else value if value in call.inputs else value[0]

    def before(value: Value) -> tuple[Value, ...]:
        if value in made:
            return made[value].inputs
        if value in call.inputs or not hasattr(value[0], "edges"):
            return ()
        return tuple(e for e in value[0].edges or () if e is not None)

    stack = [(value, False) for value in reversed(call.outputs)]
    while stack:
        value, inputs_done = stack.pop()
        if value is None or key(value) in numbers or _parameter(value, call, made):
            continue
        if not inputs_done:
            stack.append((value, True))
            stack += [(inner, False) for inner in reversed(before(value))]
            continue
        numbers[key(value)] = len(boxes)
        boxes.append(_box(value, call, made))
        links += [(numbers[key(v)], len(boxes) - 1) for v in before(value) if v is not None and key(v) in numbers]
    return Graph(boxes, list(dict.fromkeys(links)))


def _direct(call: Call) -> Iterator[Call]:
    """The calls directly within, through containers that only hold others."""
    for inner in call.calls:
        if type(inner.module) in (Sequential, ModuleList):
            yield from _direct(inner)
        else:
            yield inner


def _parameter(value: Value, call: Call, made: dict[Value, Call]) -> bool:
    return value not in made and value not in call.inputs and not hasattr(value[0], "edges")


def _box(value: Value, call: Call, made: dict[Value, Call]) -> Box:
    if value in made:
        inner = made[value]
        if not inner.calls:
            return Box(title(inner.module), inner.shape, _style(inner.module), module=inner.module)
        within = graph(inner).boxes
        if len(within) == 2 and within[1].module is not None:  # a layer and what follows it
            return within[1]
        return Box(type(inner.module).__name__, inner.shape, "block", module=inner.module, calls=(inner,))
    shape = _shape(value)
    return Box("input", shape, "input") if value in call.inputs else Box(operation(value[0], shape), shape, "operation")


def _shape(value: Value) -> tuple[int, ...]:
    node, index = value
    return tuple((node.results[index] if hasattr(node, "edges") else node.shape)[1:])


def _followed(found: Graph) -> Graph:
    """Normalization, activation, dropout, and operations with a number, in the box of what they follow."""
    into = list(range(len(found.boxes)))  # the box that each has become part of
    for k, box in enumerate(found.boxes):
        before = _lone(found, k)
        if before is None:
            continue
        head = found.boxes[into[before]]
        if head.title == "sum" and box.title.startswith("/ "):
            head.title, into[k] = "mean", into[before]
        elif isinstance(box.module, FOLLOWERS) and head.style not in ("block", "input"):
            head.notes += [SHORT.get(box.title, box.title)]
            into[k] = into[before]
        elif box.style == "operation" and box.title[:2] in NUMBERED and head.style != "input":
            head.notes += [box.title]
            into[k] = into[before]
    return _joined(found, into)


def _runs(found: Graph, layers: bool) -> Graph:
    """Equal blocks in a row as one, and with `layers` these too: within a block they are what there is to see."""
    into = list(range(len(found.boxes)))
    for k, box in enumerate(found.boxes):
        before = _lone(found, k)
        head = None if before is None else found.boxes[into[before]]
        if before is not None and head is not None and (layers or box.style == "block") and _words(head) == _words(box):
            head.count, head.calls, into[k] = head.count + 1, head.calls + box.calls, into[before]
    return _joined(found, into)


def _words(box: Box) -> tuple[Any, ...]:
    return box.title, box.notes, box.shape, box.style


def _lone(found: Graph, k: int) -> int | None:
    """The box before box k, if there is only one, which leads nowhere else."""
    before = [a for a, b in found.links if b == k]
    return before[0] if len(before) == 1 and sum(a == before[0] for a, _ in found.links) == 1 else None


def _joined(found: Graph, into: Sequence[int]) -> Graph:
    """The graph in which every box is part of box into[k]."""
    place = {k: n for n, k in enumerate(sorted(set(into)))}
    moved = ((place[into[a]], place[into[b]]) for a, b in found.links)
    return Graph([found.boxes[k] for k in place], list(dict.fromkeys((a, b) for a, b in moved if a != b)))


def operation(node: Any, shape: tuple[int, ...]) -> str:
    """A step that no layer takes, in few words; with a number where it has one, such as "x 0.5" and "1 -"."""
    name = str(node)
    if name in SIGNS:
        left, right = ([f"{node.numbers[side]:g}"] if side in node.numbers else [] for side in formulas.parameters(name))
        return " ".join([*left, SIGNS[name], *right])
    if name == "Reshape" and len(shape) == 1:
        return "flatten"
    if name == "Index" and shape[1:] == _shape(node.edges[0])[1:]:
        return "part of the maps"
    return OPERATIONS.get(name, name.lower())


def title(module: Module) -> str:
    """A layer in the words of the papers' figures: "3x3 conv, 64 /2"."""
    if isinstance(module, (Conv, ConvTranspose)):
        window = extents(module.weight.shape[2:])
        if isinstance(module, ConvTranspose):
            return f"{window} up-conv, {module.out_channels}"
        step = _step(module.stride)
        if module.groups == module.in_channels == module.out_channels > 1:
            return f"{window} depthwise{step}"
        groups = f", {module.groups} groups" if module.groups > 1 else ""
        kind = f"conv {window}" if module.rank == 1 else f"{window} conv"
        return f"{kind}, {module.out_channels}{step}{groups}"
    if isinstance(module, Linear):
        return f"linear, {module.out_features}"
    if isinstance(module, (MaxPool, AvgPool)):
        size = module.kernel_size
        window = extents(size if isinstance(size, Sequence) else (size,) * module.rank)
        return f"{window} {'max' if isinstance(module, MaxPool) else 'mean'} pool{_step(module.stride)}"
    if isinstance(module, AdaptiveAvgPool):
        wanted = module.output_size
        sizes = wanted if isinstance(wanted, Sequence) else (wanted,) * module.rank
        return "global mean" if set(sizes) == {1} else f"mean pool to {extents(n or 0 for n in sizes)}"
    if isinstance(module, Dropout):
        return f"dropout {module.p:g}"
    return next((name for kind, name in NAMES if isinstance(module, kind)), type(module).__name__)


def _style(module: Module) -> str:
    return next((style for kind, style in STYLES if isinstance(module, kind)), "other layer")


def _step(stride: Any) -> str:
    steps = tuple(stride) if isinstance(stride, Sequence) else (stride,)
    return "" if all(s == 1 for s in steps) else f" /{steps[-1]}"


def resolution(box: Box) -> int:
    """How many places the box's result has, whatever its channels."""
    return prod(box.shape[1:])
