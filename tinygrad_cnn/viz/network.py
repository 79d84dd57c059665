"""A network as a picture: the whole of it as a chain, or a U, of blocks, and beside it each kind of block from within."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import floor, log2
from typing import NamedTuple

from PIL import Image

from .. import layered
from ..nn.module import Module
from ..text import extents
from .canvas import BLUE, FAINT, GREEN, INK, ORANGE, Canvas, Point, blend
from .tracing import Box, Call, Graph, graph, resolution, trace

LINE, STEP, MARGIN, TITLE = 15, 24, 28, 34  # pixels: a line of text, the gap between rows, the border, a panel's title
SIZES = {"bold": 12.5, "plain": 11.0}
COLORS = {"layer": BLUE, "block": ORANGE, "operation": FAINT, "input": GREEN}
CAPTION = "Under the name of a layer, the shape that comes out of it, for one input."


class Placed(NamedTuple):
    """A box with its lines of text and its corner, width and height in the panel."""

    box: Box
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


class Panel(NamedTuple):
    """A block drawn: its title, boxes, and links as lines with an arrow at the end."""

    title: str
    boxes: tuple[Placed, ...]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def draw_network(model: Module, input_shape: Sequence[int], title: str, subtitle: str = "") -> Image.Image:
    """The picture of `model` for one input of `input_shape` (without the batch axis); the model is not run on numbers."""
    panels = [panel(name, found) for name, found in kinds(trace(model, input_shape), title)]
    places, width, height = _arranged(panels)
    heading = max(_ruler.text_width(title, 20), _ruler.text_width(subtitle or CAPTION, 12))
    canvas = Canvas(round(max(width, heading) + 2 * MARGIN), round(height + 2 * MARGIN + 40))
    canvas.text(MARGIN, MARGIN + 8, title, 20, bold=True)
    canvas.text(MARGIN, MARGIN + 27, subtitle or CAPTION, 12, FAINT)
    for (x, y), drawn in zip(places, panels):
        _draw(canvas, drawn, x + MARGIN, y + MARGIN + 40)
    return canvas.image()


def kinds(call: Call, title: str) -> Iterator[tuple[str, Graph]]:
    """The graph of the whole, then that of the first block of each kind, in the order in which they are met."""
    waiting, met = [(title, call)], {type(call.module)}
    while waiting:
        name, inner = waiting.pop(0)
        found = graph(inner)
        yield name, abridged(found)
        for box in found.boxes:
            if box.call is not None and type(box.call.module) not in met:
                met.add(type(box.call.module))
                waiting.append((type(box.call.module).__name__, box.call))


def abridged(found: Graph) -> Graph:
    """The graph of a block that repeats the same few boxes more than four times: twice, dots, and the last time."""
    titles = [(box.title, box.style) for box in found.boxes[1:]]
    for period in range(1, 5):
        repeats = len(titles) // period
        if repeats > 4 and titles == titles[:period] * repeats:
            first, last = 1 + 2 * period, len(titles) + 1 - period
            dots = Box(f"{repeats - 3} times more", found.boxes[last - 1].shape, "operation")
            place = [k if k < first else first if k < last else k - last + first + 1 for k in range(len(found.boxes))]
            links = ((place[a], place[b]) for a, b in found.links)
            return Graph([*found.boxes[:first], dots, *found.boxes[last:]],
                         list(dict.fromkeys((a, b) for a, b in links if a != b)))
    return found


def panel(title: str, found: Graph) -> Panel:
    """A graph in its place: from top to bottom, or as a U if it comes back to the resolution that it left."""
    return _as_u(title, found) if _is_u(found) else _downwards(title, found)


def lines(box: Box) -> tuple[str, ...]:
    """What is written in a box."""
    heading = box.title + (f"  x{box.count}" if box.count > 1 else "")
    return heading, *([", ".join(box.notes)] if box.notes else []), extents(box.shape)


_ruler = Canvas(1, 1)


def _width(text: Sequence[str]) -> float:
    return max(_ruler.text_width(line, SIZES["plain" if k else "bold"]) for k, line in enumerate(text)) + 18


def _downwards(title: str, found: Graph) -> Panel:
    texts = [lines(box) for box in found.boxes]
    widths, heights = [_width(text) for text in texts], [len(text) * LINE + 10.0 for text in texts]
    level, x, routes = layered.place(widths, found.links)
    rows = [max(h for h, row in zip(heights, level) if row == k) for k in range(max(level) + 1)]
    tops = [TITLE + sum(rows[:k]) + k * STEP for k in range(len(rows))]
    boxes = tuple(Placed(box, text, center - w / 2, tops[row] + (rows[row] - h) / 2, w, h)
                  for box, text, center, row, w, h in zip(found.boxes, texts, x, level, widths, heights))
    drawn = []
    for (a, b), route in zip(found.links, routes):
        points: list[Point] = [(route[0], boxes[a].y + boxes[a].height)]
        for k, at in enumerate(route[1:-1], level[a] + 1):
            points += [(at, tops[k] - STEP / 2), (at, tops[k] + rows[k] + STEP / 2)]
        drawn.append((*points, (route[-1], boxes[b].y)))
    side = max(max(b.x + b.width for b in boxes), max((x for r in drawn for x, _ in r), default=0.0))
    return Panel(title, boxes, tuple(drawn), max(side, _width([title])), tops[-1] + rows[-1])


def _is_u(found: Graph) -> bool:
    """Whether the resolution falls, then rises again, and links lead across."""
    sizes = [resolution(box) for box in found.boxes]
    return 1 < min(sizes) * 16 <= sizes[-1] and any(b - a > 4 for a, b in found.links)


def _as_u(title: str, found: Graph) -> Panel:
    texts = [lines(box) for box in found.boxes]
    top = max(resolution(box) for box in found.boxes)
    rank = len(found.boxes[0].shape) - 1
    level = [floor(log2(top / resolution(box)) / rank + 0.05) for box in found.boxes]  # halvings of each axis
    column: list[int] = []
    free = [0] * (max(level) + 1)
    for k, row in enumerate(level):
        column.append(max([free[row], *(column[a] + (level[a] == row) for a, b in found.links if b == k)]))
        free[row] = column[k] + 1
    wide = [max((_width(text) for text, c in zip(texts, column) if c == k), default=0.0) for k in range(max(column) + 1)]
    lefts = [sum(wide[:k]) + k * STEP for k in range(len(wide))]
    high = max(len(text) for text in texts) * LINE + 10.0
    boxes = []
    for box, text, row, c in zip(found.boxes, texts, level, column):
        w, h = _width(text), len(text) * LINE + 10.0
        y = TITLE + STEP + row * (high + 2 * STEP) + (high - h) / 2
        boxes.append(Placed(box, text, lefts[c] + (wide[c] - w) / 2, y, w, h))
    routes = tuple(_around(boxes[a], boxes[b], level[a] - level[b], column[b] - column[a]) for a, b in found.links)
    return Panel(title, tuple(boxes), routes, lefts[-1] + wide[-1], max(b.y + b.height for b in boxes))


def _around(a: Placed, b: Placed, rise: int, span: int) -> tuple[Point, ...]:
    """From box to box: to the right, over the boxes between, or down and up."""
    ax, bx = a.x + a.width / 2, b.x + b.width / 2
    if rise == 0 and span > 1:
        # Beside the middles, where links from the row above arrive and links to it leave; over longer ways higher.
        ax, bx = ax + a.width / 4, bx - b.width / 4
        over = min(a.y, b.y) - STEP / 3 - STEP / 2 * (span > 3)
        return (ax, a.y), (ax, over), (bx, over), (bx, b.y)
    if rise == 0:
        return (a.x + a.width, a.y + a.height / 2), (b.x, b.y + b.height / 2)
    if rise < 0:  # downwards
        turn = b.y - STEP / 2 - 2
        return (ax, a.y + a.height), (ax, turn), (bx, turn), (bx, b.y)
    turn = b.y + b.height + STEP / 2
    return (ax, a.y), (ax, turn), (bx, turn), (bx, b.y + b.height)


def _arranged(panels: Sequence[Panel]) -> tuple[list[Point], float, float]:
    """The corners of the panels, and the width and height of all: the whole first, then blocks beside or below it."""
    whole, *rest = panels
    beside = whole.height > whole.width
    x, y = (whole.width + 2 * MARGIN, 0.0) if beside else (0.0, whole.height + MARGIN)
    limit = max(whole.height, 700.0) if beside else max(whole.width, 1000.0)
    places: list[Point] = [(0.0, 0.0)]
    thick = 0.0  # of the column, or row, that is being filled
    for one in rest:
        if beside and y and y + one.height > limit:
            x, y, thick = x + thick + MARGIN, 0.0, 0.0
        elif not beside and x and x + one.width > limit:
            x, y, thick = 0.0, y + thick + MARGIN, 0.0
        places.append((x, y))
        if beside:
            y, thick = y + one.height + MARGIN, max(thick, one.width)
        else:
            x, thick = x + one.width + 2 * MARGIN, max(thick, one.height)
    return (places, max(px + one.width for (px, _), one in zip(places, panels)),
            max(py + one.height for (_, py), one in zip(places, panels)))


def _draw(canvas: Canvas, drawn: Panel, x: float, y: float) -> None:
    canvas.text(x, y + 16, drawn.title, 14, bold=True)
    for route in drawn.routes:
        points = [(x + px, y + py) for px, py in route]
        canvas.line(points, FAINT, 1.2)
        _arrow(canvas, points)
    for box in drawn.boxes:
        color = COLORS[box.box.style]
        canvas.box(x + box.x, y + box.y, box.width, box.height, blend(color, 0.08), blend(color, 0.7), 1.2, 5)
        for k, text in enumerate(box.lines):
            canvas.text(x + box.x + box.width / 2, y + box.y + (k + 1) * LINE, text, SIZES["plain" if k else "bold"],
                        FAINT if k else INK, "ms", bold=not k)


def _arrow(canvas: Canvas, points: Sequence[Point]) -> None:
    """A tip at the end of a line."""
    (ax, ay), (bx, by) = next(pair for pair in reversed(list(pairwise(points))) if pair[0] != pair[1])
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    dx, dy = 5 * (bx - ax) / length, 5 * (by - ay) / length
    canvas.line([(bx - dx - dy * 0.6, by - dy + dx * 0.6), (bx, by), (bx - dx + dy * 0.6, by - dy - dx * 0.6)], FAINT, 1.2)
