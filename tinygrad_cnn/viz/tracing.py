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

from ..autograd import edge
from ..creation import empty
from ..nn.activation import ReLU, Sigmoid, Tanh
from ..nn.containers import ModuleList, Sequential
from ..nn.conv import Conv, ConvTranspose
from ..nn.dropout import Dropout
from ..nn.linear import Linear
from ..nn.module import Module, watch
from ..nn.norm import BatchNorm
from ..nn.pool import AdaptiveAvgPool, AvgPool, MaxPool
from ..nn.summary import on_meta
from ..tensor import Tensor
from ..text import extents

Value = Any  # what identifies a value: the node that made it and which of its results it is, or a leaf
FOLLOWERS = (BatchNorm, ReLU, Sigmoid, Tanh, Dropout)  # written into the box of what they follow
OPERATIONS = {"add": "+", "Concat": "concat", "Index": "crop", "Reshape": "reshape"}


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
    """A module, an operation, or the input of a block: what is written, the shape that comes out, and how many alike
    follow one another. `call` is there if the box is a block with a graph of its own."""

    title: str
    shape: tuple[int, ...]
    style: str = "layer"
    notes: list[str] = field(default_factory=list)
    call: Call | None = None
    module: Module | None = None
    count: int = 1


@dataclass
class Graph:
    """The boxes of a block in the order of computation, and links as pairs of their numbers."""

    boxes: list[Box]
    links: list[tuple[int, int]]


def trace(model: Module, input_shape: Sequence[int]) -> Call:
    """The call of `model` for one input of `input_shape` (without the batch axis), in evaluation mode, on meta."""
    twin = on_meta(model).eval().requires_grad_()
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

    with watch(record):
        twin(empty(1, *input_shape, device="meta").requires_grad_())
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
    return _tidied(Graph(boxes, list(dict.fromkeys(links))))


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
            return Box(title(inner.module), inner.shape, module=inner.module)
        within = graph(inner).boxes
        if len(within) == 2 and within[1].module is not None:  # the input, and one layer with what follows it
            return within[1]
        return Box(type(inner.module).__name__, inner.shape, "block", call=inner, module=inner.module)
    if value in call.inputs:
        return Box("input", _shape(value), "input")
    return Box(OPERATIONS.get(str(value[0]), str(value[0]).lower()), _shape(value), "operation")


def _shape(value: Value) -> tuple[int, ...]:
    node, index = value
    return tuple((node.results[index] if hasattr(node, "edges") else node.shape)[1:])


def _tidied(found: Graph) -> Graph:
    """Followers in the box of what they follow, runs of equal boxes as one."""
    boxes, links = found.boxes, found.links
    into = list(range(len(boxes)))  # the box that each has become part of
    for k in range(len(boxes)):
        before = [a for a, b in links if b == k]
        if len(before) != 1 or sum(a == before[0] for a, _ in links) != 1:
            continue
        head = boxes[into[before[0]]]
        if boxes[k].module is not None and isinstance(boxes[k].module, FOLLOWERS) and head.style in ("layer", "operation"):
            head.notes += [boxes[k].title, *boxes[k].notes]
            into[k] = into[before[0]]
        elif head.style == "block" and (head.title, head.shape, head.style) == (boxes[k].title, boxes[k].shape, boxes[k].style):
            head.count += 1
            into[k] = into[before[0]]
    left = sorted(set(into))
    place = {k: n for n, k in enumerate(left)}
    moved = ((place[into[a]], place[into[b]]) for a, b in links)
    return Graph([boxes[k] for k in left], list(dict.fromkeys((a, b) for a, b in moved if a != b)))


def title(module: Module) -> str:
    """A layer in the words of the papers' figures: "3x3 conv, 64 /2"."""
    if isinstance(module, (Conv, ConvTranspose)):
        window = extents(module.weight.shape[2:])
        step = _step(module.stride)
        if isinstance(module, ConvTranspose):
            return f"{window} up-conv, {module.out_channels}{step.replace('/', 'x')}"
        if module.groups == module.in_channels == module.out_channels > 1:
            return f"{window} depthwise{step}"
        return f"{window} conv, {module.out_channels}{step}"
    if isinstance(module, Linear):
        return f"linear, {module.out_features}"
    if isinstance(module, (MaxPool, AvgPool)):
        size = module.kernel_size
        window = extents(size if isinstance(size, Sequence) else (size,) * module.rank)
        return f"{window} {'max' if isinstance(module, MaxPool) else 'mean'} pool{_step(module.stride)}"
    if isinstance(module, AdaptiveAvgPool):
        return "global mean" if module.output_size in (1, (1,) * module.rank) else "adaptive mean pool"
    if isinstance(module, BatchNorm):
        return "batch norm"
    if isinstance(module, Dropout):
        return f"dropout {module.p:g}"
    return type(module).__name__


def _step(stride: Any) -> str:
    steps = tuple(stride) if isinstance(stride, Sequence) else (stride,)
    return "" if all(s == 1 for s in steps) else f" /{steps[-1]}"


def resolution(box: Box) -> int:
    """How many places the box's result has, whatever its channels."""
    return prod(box.shape[1:])
