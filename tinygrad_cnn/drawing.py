"""The graph behind a tensor as an SVG picture: operations, leaves, and the shapes of data and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from . import layered
from .autograd import Function, edge

LETTER, LINE, MARGIN = 7.25, 16, 24  # pixels: the width of a letter of the 12-pixel font, a line, the border
STEP = 44  # pixels between a layer and the next
STYLES = {"operation": ("#ffffff", "#2563c9"), "leaf": ("#e6f4ec", "#2f9e62"), "data": ("#f1f3f5", "#7b8794"),
          "result": ("#fdf0e3", "#e0761a")}
LEGEND = "Values flow down, gradients up. A gradient has the shape of its value."


class Box(NamedTuple):
    """What is written in a box, line by line, and which of STYLES it has."""

    lines: tuple[str, ...]
    style: str


def draw(tensor: Any, path: str | Path, names: Mapping[str, Any] | None = None) -> None:
    """Write the graph behind `tensor` to an SVG file, which every browser shows.

    `names` gives leaves a name, such as `dict(model.named_parameters())`. Raises RuntimeError where nothing was
    recorded or backward has freed the graph.
    """
    boxes, links = graph(tensor, names or {})
    Path(path).write_text(svg(boxes, links), encoding="utf-8")


def graph(tensor: Any, names: Mapping[str, Any]) -> tuple[list[Box], list[layered.Link]]:
    """The boxes behind a tensor, and the links between them as pairs of their numbers; the last box is the result."""
    start = edge(tensor)
    if start is None or not isinstance(start[0], Function):
        raise RuntimeError(f"draw: no operation was recorded for the tensor of shape {tensor.array.shape}; call "
                           "requires_grad_() on an input first, outside no_grad()")
    known = {id(t): name for name, t in names.items()}
    boxes: list[Box] = []
    links: list[layered.Link] = []
    numbers: dict[Any, int] = {}  # of boxes, by node or leaf
    stack = [(start[0], False)]
    while stack:
        node, inputs_done = stack.pop()
        if node in numbers:
            continue
        if not isinstance(node, Function):
            numbers[node] = len(boxes)
            gradient = "no gradient yet" if node.grad is None else f"gradient {node.grad.array.shape}"
            boxes.append(Box((known.get(id(node), ""), str(node.array.shape), gradient), "leaf"))
        elif not inputs_done:
            if node.edges is None:
                raise RuntimeError(f"draw: the graph behind {node} was freed by backward; draw first, or pass "
                                   "retain_graph=True to backward")
            stack.append((node, True))
            stack += [(to[0], False) for to in reversed(node.edges) if to is not None]
        else:
            _operation(node, boxes, links, numbers)
    boxes.append(Box(("result", str(tensor.array.shape)), "result"))
    links.append((numbers[start[0]], len(boxes) - 1))
    return boxes, links


def _operation(node: Function, boxes: list[Box], links: list[layered.Link], numbers: dict[Any, int]) -> None:
    """The box of an operation whose inputs have theirs, its links, and boxes for inputs without gradients."""
    at = numbers[node] = len(boxes)
    boxes.append(Box((str(node), ", ".join(map(str, node.results))), "operation"))
    for name, to in zip(node._parameters, node.edges or ()):
        if to is None:
            saved = (node._saved or {}).get(name)
            boxes.append(Box((name, "no gradient" if saved is None else str(saved[0].array.shape)), "data"))
            links.append((len(boxes) - 1, at))
            continue
        number = numbers[to[0]]
        links.append((number, at))
        if boxes[number].style == "leaf" and not boxes[number].lines[0]:  # no name is known
            boxes[number] = Box((name, *boxes[number].lines[1:]), "leaf")


def svg(boxes: Sequence[Box], links: Sequence[layered.Link]) -> str:
    """The picture: boxes in layers from top to bottom, links as curves between them."""
    widths = [max(map(len, box.lines)) * LETTER + 20 for box in boxes]
    heights = [len(box.lines) * LINE + 12 for box in boxes]
    level, x, routes = layered.place(widths, links)
    rows = [max((h for h, row in zip(heights, level) if row == k), default=0) for k in range(max(level) + 1)]
    tops = [MARGIN + sum(rows[:k]) + k * STEP for k in range(len(rows))]
    middle = [top + row / 2 for top, row in zip(tops, rows)]
    width = max(max((c + w / 2 for c, w in zip(x, widths)), default=0), max(max(route) for route in routes),
                len(LEGEND) * LETTER) + 2 * MARGIN
    height = tops[-1] + rows[-1] + 2 * MARGIN + LINE
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
             f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="Menlo, Consolas, monospace" font-size="12">',
             '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
             'orient="auto"><path d="M0 0L8 4L0 8z" fill="#7b8794"/></marker></defs>',
             f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>']
    for (a, b), route in zip(links, routes):
        points = [(route[0], middle[level[a]] + heights[a] / 2)]
        for k, at in enumerate(route[1:-1], level[a] + 1):  # straight through the layers between
            points += [(at, tops[k]), (at, tops[k] + rows[k])]
        points.append((route[-1], middle[level[b]] - heights[b] / 2))
        parts.append(f'<path d="{_curve(points)}" fill="none" stroke="#7b8794" marker-end="url(#tip)"/>')
    for box, center, row, w, h in zip(boxes, x, level, widths, heights):
        fill, line = STYLES[box.style]
        left, top = MARGIN + center - w / 2, middle[row] - h / 2
        parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{w:.1f}" height="{h}" rx="6" fill="{fill}" '
                     f'stroke="{line}"/>')
        for k, text in enumerate(box.lines):
            weight = ' font-weight="bold"' if k == 0 else ' fill="#52606d"'
            parts.append(f'<text x="{MARGIN + center:.1f}" y="{top + (k + 1) * LINE + 1:.1f}" text-anchor="middle"'
                         f"{weight}>{escape(text)}</text>")
    parts.append(f'<text x="{MARGIN}" y="{height - MARGIN}" fill="#7b8794">{LEGEND}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Downward curves from point to point, which leave and arrive vertically."""
    (x, y), *rest = ((MARGIN + px, py) for px, py in points)
    path = f"M{x:.1f} {y:.1f}"
    for to_x, to_y in rest:
        bend = (y + to_y) / 2
        path += f"C{x:.1f} {bend:.1f} {to_x:.1f} {bend:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
    return path
