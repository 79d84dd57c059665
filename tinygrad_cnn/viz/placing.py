"""Where the boxes of a block go, and the lines between them: from top to bottom, or as a U.

Lines are drawn along the axes. Between two rows, those that begin or end together share a track; others have their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, log2
from typing import NamedTuple

from .. import layered
from ..text import extents
from .canvas import Canvas, Point
from .tracing import Box, Graph, resolution

LINE, STEP, TRACK, TITLE = 15, 24, 7, 34  # pixels: a line of text, between rows, between tracks, a panel's title
ASIDE = 36  # between the arms of a U and what stands between them
SIZES = {"bold": 12.5, "plain": 11.0}
_ruler = Canvas(1, 1)


class Placed(NamedTuple):
    """A box with its lines of text and its corner, width and height in the panel."""

    box: Box
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


class Panel(NamedTuple):
    """A block drawn: its title and where it is in the network, boxes, and links as lines with an arrow at the end."""

    title: str
    path: str
    boxes: tuple[Placed, ...]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def panel(title: str, path: str, found: Graph) -> Panel:
    """A graph in its place: from top to bottom, or as a U if it comes back to the resolution that it left."""
    texts = [lines(box) for box in found.boxes]
    arms = _arms(found)
    boxes, routes = _downwards(found, texts) if arms is None else _as_u(found, texts, arms)
    width = max(max(b.x + b.width for b in boxes), max((x for r in routes for x, _ in r), default=0.0))
    heading = _ruler.text_width(title, 14) + _ruler.text_width(path, 11) + 16
    return Panel(title, path, boxes, routes, max(width, heading if title else 0.0), max(b.y + b.height for b in boxes))


def lines(box: Box) -> tuple[str, ...]:
    """What is written in a box."""
    heading = box.title + (f"  x{box.count}" if box.count > 1 else "")
    return heading, *([", ".join(box.notes)] if box.notes else []), extents(box.shape)


def _width(text: Sequence[str]) -> float:
    return max(_ruler.text_width(line, SIZES["plain" if k else "bold"]) for k, line in enumerate(text)) + 18


# ---- from top to bottom ----------------------------------------------------------------------------------------------


@dataclass
class _Turn:
    """What lies across, between two rows, of all links that begin or end together."""

    xs: list[float] = field(default_factory=list)
    starts: set[float] = field(default_factory=set)
    ends: set[float] = field(default_factory=set)
    track: int = 0


def _downwards(found: Graph, texts: Sequence[tuple[str, ...]]) -> tuple[tuple[Placed, ...], tuple[tuple[Point, ...], ...]]:
    widths, heights = [_width(text) for text in texts], [len(text) * LINE + 10.0 for text in texts]
    level, x, ways = layered.place(widths, found.links)
    rows = [max(h for h, row in zip(heights, level) if row == k) for k in range(max(level) + 1)]
    turns = _turns(found.links, level, ways)
    gaps = [STEP + TRACK * max((turn.track for (gap, _), turn in turns.items() if gap == k), default=0)
            for k in range(len(rows))]
    tops = [TITLE + sum(rows[:k]) + sum(gaps[:k]) for k in range(len(rows))]
    boxes = tuple(Placed(box, text, center - w / 2, tops[row] + (rows[row] - h) / 2, w, h)
                  for box, text, center, row, w, h in zip(found.boxes, texts, x, level, widths, heights))
    routes = []
    for (a, b), way in zip(found.links, ways):
        points: list[Point] = [(way[0], boxes[a].y + boxes[a].height)]
        for gap, (here, there) in enumerate(pairwise(way), level[a]):
            if here != there:
                turn = turns[gap, _key(found.links, way, (a, b), gap - level[a])]
                y = tops[gap] + rows[gap] + STEP / 2 - 2 + TRACK * turn.track
                points += [(here, y), (there, y)]
        routes.append((*points, (way[-1], boxes[b].y)))
    return boxes, tuple(routes)


def _key(links: Sequence[layered.Link], way: Sequence[float], link: layered.Link, step: int) -> tuple[str, int]:
    """With which other links a link shares its track at one of its steps: those from its start, or to its end."""
    a, b = link
    last, first = step == len(way) - 2, step == 0
    out, into = (sum(link[end] == (a, b)[end] for link in links) for end in (0, 1))
    if last and into > 1 and not (first and out > into):
        return "to", b
    return ("from", a) if first else ("on", links.index(link) * len(way) + step)


def _turns(links: Sequence[layered.Link], level: Sequence[int],
           ways: Sequence[Sequence[float]]) -> dict[tuple[int, tuple[str, int]], _Turn]:
    """By gap and key, with a track for each: as high as goes above those it must not touch."""
    found: dict[tuple[int, tuple[str, int]], _Turn] = {}
    for link, way in zip(links, ways):
        for step, (here, there) in enumerate(pairwise(way)):
            if here != there:
                turn = found.setdefault((level[link[0]] + step, _key(links, way, link, step)), _Turn())
                turn.xs += [here, there]
                turn.starts.add(here)
                turn.ends.add(there)
    for gap in {gap for gap, _ in found}:
        placed: list[_Turn] = []
        for turn in _from_above([turn for (at, _), turn in found.items() if at == gap]):
            met = [other.track for other in placed if _touch(turn, other)]
            turn.track = max(met, default=-1) + 1
            placed.append(turn)
    return found


def _touch(a: _Turn, b: _Turn) -> bool:
    return min(a.xs) - 4 < max(b.xs) and min(b.xs) - 4 < max(a.xs)


def _from_above(turns: list[_Turn]) -> list[_Turn]:
    """In an order in which no line down from a turn runs into one that comes down to another, where that is possible."""
    ordered: list[_Turn] = []
    waiting = sorted(turns, key=lambda turn: max(turn.xs) - min(turn.xs))
    while waiting:
        free = (one for one in waiting if not any(other is not one and _near(other.starts, one.ends) for other in waiting))
        ordered.append(chosen := next(free, waiting[0]))
        waiting = [one for one in waiting if one is not chosen]
    return ordered


def _near(some: set[float], others: set[float]) -> bool:
    return any(abs(a - b) < 4 for a in some for b in others)


# ---- as a U ----------------------------------------------------------------------------------------------------------


class _Arms(NamedTuple):
    """Boxes of the way down, of the way up, and between them; how often each box's resolution is halved."""

    down: list[int]
    up: list[int]
    between: list[int]
    level: list[int]


def _arms(found: Graph) -> _Arms | None:
    """The two arms, if the resolution falls, then rises again, and links lead across."""
    sizes = [resolution(box) for box in found.boxes]
    if not 1 < min(sizes) * 16 <= sizes[-1]:
        return None
    rank = len(found.boxes[0].shape) - 1
    level = [floor(log2(max(sizes) / size) / rank + 0.05) for size in sizes]  # halvings of each axis
    way = _longest(found)
    turn = max(k for k, box in enumerate(way) if level[box] == max(level)) + 1
    down, up = way[:turn], way[turn:]
    between = [k for k in range(len(sizes)) if k not in way]
    across = [(a, b) for a, b in found.links if a in down and b in up and a != down[-1]]
    return _Arms(down, up, between, level) if across or between else None


def _longest(found: Graph) -> list[int]:
    """The boxes of the longest way to the last box."""
    ways: list[list[int]] = []
    for k in range(len(found.boxes)):
        ways.append([*max((ways[a] for a, b in found.links if b == k), key=len, default=[]), k])
    return ways[-1]


def _as_u(found: Graph, texts: Sequence[tuple[str, ...]],
          arms: _Arms) -> tuple[tuple[Placed, ...], tuple[tuple[Point, ...], ...]]:
    row, column = _cells(found, arms)
    widths, heights = [_width(text) for text in texts], [len(text) * LINE + 10.0 for text in texts]
    rows = [max((h for h, at in zip(heights, row) if at == k), default=0.0) for k in range(max(row) + 1)]
    wide = [max((w for w, at in zip(widths, column) if at == k), default=0.0) for k in range(max(column) + 1)]
    tops = [TITLE + sum(rows[:k]) + k * STEP for k in range(len(rows))]
    lefts = [sum(wide[:k]) + k * ASIDE for k in range(len(wide))]
    boxes = tuple(Placed(box, text, lefts[c] + (wide[c] - w) / 2, tops[r] + (rows[r] - h) / 2, w, h)
                  for box, text, w, h, r, c in zip(found.boxes, texts, widths, heights, row, column))
    routes = tuple(_around(boxes[a], boxes[b], column[b] - column[a], b in arms.up and a == arms.down[-1])
                   for a, b in found.links)
    return boxes, routes


def _cells(found: Graph, arms: _Arms) -> tuple[list[int], list[int]]:
    """The row and column of each box: the way down on the left, the way up on the right, the rest in the row it leads to."""
    row, column = [0] * len(arms.level), [0] * len(arms.level)
    top = 0
    for depth in range(max(arms.level) + 1):
        left = [k for k in arms.down if arms.level[k] == depth]
        right = [k for k in reversed(arms.up) if arms.level[k] == depth]
        shift = next((right.index(end) - left.index(start) for start, end in _across(found, arms)
                      if start in left and end in right), 0)  # so that the two stand in one row
        for k in left:
            row[k] = top + left.index(k) + max(shift, 0)
        for k in right:
            row[k] = top + right.index(k) - min(shift, 0)
        top = max([top, *(row[k] + 1 for k in left + right)])
    for k in reversed(arms.between):
        row[k] = next(row[b] for a, b in found.links if a == k)
    for k in arms.between:
        column[k] = max((column[a] for a, b in found.links if b == k), default=0) + 1
    for k in arms.up:
        column[k] = max((column[other] for other in arms.between), default=0) + 1
    return row, column


def _across(found: Graph, arms: _Arms) -> list[layered.Link]:
    """From which box of the way down, past what stands between, to which of the way up."""
    origin = {k: k for k in arms.down}
    for k in arms.between:
        origin[k] = next((origin[a] for a, b in found.links if b == k), 0)
    return [(origin[a], b) for a, b in found.links if b in arms.up and a in origin and a != arms.down[-1]]


def _around(a: Placed, b: Placed, aside: int, last: bool) -> tuple[Point, ...]:
    """From box to box: along an arm, or from the left to the right."""
    ax, bx = a.x + a.width / 2, b.x + b.width / 2
    ay, by = a.y + a.height / 2, b.y + b.height / 2
    if aside == 0:
        return ((ax, a.y + a.height), (bx, b.y)) if a.y < b.y else ((ax, a.y), (bx, b.y + b.height))
    if last:
        return (a.x + a.width, ay), (bx, ay), (bx, b.y + b.height)
    if ay == by:
        return (a.x + a.width, ay), (b.x, by)
    turn = a.x + a.width + ASIDE / 2
    return (a.x + a.width, ay), (turn, ay), (turn, by), (b.x, by)
