"""A network as a picture: the whole of it as a chain, or a U, of blocks, and beside it each kind of block from within."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from PIL import Image

from ..nn.module import Module
from .canvas import BLUE, FAINT, GREEN, INK, LILAC, ORANGE, ROSE, SAND, Canvas, Point, blend, rounded
from .placing import LINE, SIZES, Panel, panel
from .tracing import Box, Call, Graph, graph, trace

MARGIN, HEAD, WIDE = 28, 64, 1400  # pixels: the border and between panels; the heading; as wide as a page shows well
KINDS = 3  # of each class of blocks at most so many forms are drawn
COLORS = {"input": GREEN, "convolution": BLUE, "pooling": ROSE, "dense layer": LILAC, "other layer": SAND,
          "block": ORANGE, "operation": FAINT}
CAPTION = "Under the name of a layer, the shape that comes out of it, for one input."


class Block(NamedTuple):
    """A block from within: its class, where the first such block is in the network, and its graph."""

    title: str
    path: str
    graph: Graph


def draw_network(model: Module, input_shape: Sequence[int], title: str, subtitle: str = "") -> Image.Image:
    """The picture of `model` for one input of `input_shape` (without the batch axis); the model is not run on numbers."""
    whole, *inner = kinds(trace(model, input_shape))
    panels = [panel("", "", whole.graph), *(panel(*block) for block in inner)]
    places, width, height = _arranged(panels)
    canvas = Canvas(1, 1)
    legend = _legend([placed.box for one in panels for placed in one.boxes])
    widths = [canvas.text_width(title, 20), canvas.text_width(subtitle or CAPTION, 12),
              sum(canvas.text_width(kind, 12) + 36 for kind in legend)]
    canvas = Canvas(round(max(width, *widths) + 2 * MARGIN), round(height + 2 * MARGIN + HEAD))
    canvas.text(MARGIN, MARGIN + 8, title, 20, bold=True)
    canvas.text(MARGIN, MARGIN + 27, subtitle or CAPTION, 12, FAINT)
    x: float = MARGIN
    for kind in legend:
        _frame(canvas, kind, x, MARGIN + 39, 14, 10, 3)
        canvas.text(x + 20, MARGIN + 48, kind, 12, FAINT)
        x += canvas.text_width(kind, 12) + 36
    for (x, y), drawn in zip(places, panels):
        _draw(canvas, drawn, x + MARGIN, y + MARGIN + HEAD)
    return canvas.image()


def kinds(call: Call) -> Iterator[Block]:
    """The whole, then the blocks of each class in the order in which they are met: the first of each form, which is what
    its boxes and links are but for numbers and repetitions."""
    waiting: list[tuple[str, Call]] = [("", call)]
    met: dict[type[Module], list[frozenset[tuple[str, str]]]] = {}
    while waiting:
        name, inner = waiting.pop(0)
        found = graph(inner)
        yield Block(name, inner.path, abridged(found))
        for block in (block for box in found.boxes for block in box.calls):
            forms = met.setdefault(type(block.module), [])
            form = _form(graph(block))
            if form not in forms and len(forms) < KINDS:
                forms.append(form)
                waiting.append((type(block.module).__name__, block))


def _form(found: Graph) -> frozenset[tuple[str, str]]:
    words = ["".join(c for c in box.title if c.isalpha()) for box in found.boxes]
    return frozenset((words[a], words[b]) for a, b in found.links)


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


def _legend(boxes: Sequence[Box]) -> list[str]:
    """The kinds of boxes in the picture."""
    met = {box.style for box in boxes}
    return [kind for kind in COLORS if kind in met]


def _arranged(panels: Sequence[Panel]) -> tuple[list[Point], float, float]:
    """The corners of the panels, and the width and height of all: in columns, the first for the whole alone, or in rows
    below it, whichever keeps to `WIDE` and is then the least wide and high."""
    whole, *inner = panels
    heights = {whole.height, *_sums([one.height + MARGIN for one in inner])}
    widths = {whole.width, *_sums([one.width + 2 * MARGIN for one in inner])}
    ways = [_in_columns(panels, limit) for limit in sorted(heights)] + [_in_rows(panels, limit) for limit in sorted(widths)]
    sizes = [(max(px + one.width for (px, _), one in zip(places, panels)),
              max(py + one.height for (_, py), one in zip(places, panels))) for places in ways]
    best = min(range(len(ways)), key=lambda k: (max(sizes[k][0], WIDE), max(sizes[k][0], 0.8 * sizes[k][1]), sizes[k]))
    return ways[best], *sizes[best]


def _sums(sizes: Sequence[float]) -> Iterator[float]:
    """How much neighbors take together, from any to any."""
    return (sum(sizes[a:b]) for b in range(1, len(sizes) + 1) for a in range(b))


def _in_columns(panels: Sequence[Panel], limit: float) -> list[Point]:
    x, y, thick = panels[0].width + 2 * MARGIN, 0.0, 0.0
    places: list[Point] = [(0.0, 0.0)]
    for one in panels[1:]:
        if y and y + one.height > limit:
            x, y, thick = x + thick + 2 * MARGIN, 0.0, 0.0
        places.append((x, y))
        y, thick = y + one.height + MARGIN, max(thick, one.width)
    return places


def _in_rows(panels: Sequence[Panel], limit: float) -> list[Point]:
    x, y, thick = 0.0, panels[0].height + MARGIN, 0.0
    places: list[Point] = [(0.0, 0.0)]
    for one in panels[1:]:
        if x and x + one.width > limit:
            x, y, thick = 0.0, y + thick + MARGIN, 0.0
        places.append((x, y))
        x, thick = x + one.width + 2 * MARGIN, max(thick, one.height)
    return places


def _draw(canvas: Canvas, drawn: Panel, x: float, y: float) -> None:
    canvas.text(x, y + 16, drawn.title, 14, bold=True)
    canvas.text(x + canvas.text_width(drawn.title, 14) + 12, y + 16, drawn.path, 11, FAINT)
    for route in drawn.routes:
        points = [(x + px, y + py) for px, py in route]
        canvas.line(rounded(points, 5), FAINT, 1.2)
        _arrow(canvas, points)
    for box in drawn.boxes:
        _frame(canvas, box.box.style, x + box.x, y + box.y, box.width, box.height, 5)
        for k, text in enumerate(box.lines):
            canvas.text(x + box.x + box.width / 2, y + box.y + (k + 1) * LINE, text, SIZES["plain" if k else "bold"],
                        FAINT if k else INK, "ms", bold=not k)


def _frame(canvas: Canvas, kind: str, x: float, y: float, width: float, height: float, radius: float) -> None:
    canvas.box(x, y, width, height, blend(COLORS[kind], 0.1), blend(COLORS[kind], 0.75), 1.2, radius)


def _arrow(canvas: Canvas, points: Sequence[Point]) -> None:
    """A tip at the end of a line."""
    (ax, ay), (bx, by) = next(pair for pair in reversed(list(pairwise(points))) if pair[0] != pair[1])
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    dx, dy = 5 * (bx - ax) / length, 5 * (by - ay) / length
    canvas.line([(bx - dx - dy * 0.6, by - dy + dx * 0.6), (bx, by), (bx - dx + dy * 0.6, by - dy - dx * 0.6)], FAINT, 1.2)
