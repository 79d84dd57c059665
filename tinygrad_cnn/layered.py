"""Where to put the boxes of a directed graph without circles: in layers, each link from one layer to a later one.

After Sugiyama, Tagawa and Toda 1981: layers by the longest way, long links through a place of their own in each layer
between, an order with few crossings by barycenters. What only continues then stands in a lane, straight down through
several layers (Brandes and Koepf 2001), and lanes come as near to those they are linked to as the order allows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

GAP = 18.0  # pixels between neighbors in a layer
SWEEPS = 12  # for the order
ROUNDS = 400  # at most, for the positions
LOOSE = 0.05  # how much a link past other boxes, or off to a side, pulls beside one from box to box

Link = tuple[int, int]


def layers(count: int, links: Sequence[Link]) -> list[int]:
    """The layer of each of `count` boxes: one more than that of any box before it, and a source just above its next.

    >>> layers(4, [(0, 1), (1, 2), (3, 2)])
    [0, 1, 2, 1]
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in links:
        before[b].append(a)
        after[a].append(b)
    found, waiting = [0] * count, [len(b) for b in before]
    ready = [k for k in range(count) if not waiting[k]]
    while ready:
        k = ready.pop()
        for b in after[k]:
            found[b] = max(found[b], found[k] + 1)
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    return [min(found[b] for b in after[k]) - 1 if after[k] and not before[k] else found[k] for k in range(count)]


def place(widths: Sequence[float], links: Sequence[Link]) -> tuple[list[int], list[float], list[list[float]]]:
    """(layer of each box, x of its center, for each link the x at which it passes each layer from start to end)."""
    level = layers(len(widths), links)
    sizes, at = list(widths), list(level)
    routes: list[list[int]] = []  # of each link its boxes and places
    for a, b in links:
        routes.append([a, *range(len(sizes), len(sizes) + at[b] - at[a] - 1), b])
        sizes += [0.0] * (at[b] - at[a] - 1)
        at += range(at[a] + 1, at[b])
    ways_out = Counter(a for a, _ in links)
    main = _leading_to(max(range(len(widths)), key=level.__getitem__), links)
    past = [ways_out[a] > 1 and (len(route) > 2 or (a in main and b not in main)) for (a, b), route in zip(links, routes)]
    rows = _ordered(at, [step for route in routes for step in pairwise(route)])
    lane = _lanes(rows, _straight(routes, past), len(sizes))
    pulls: dict[Link, float] = defaultdict(float)
    for route, loose in zip(routes, past):
        for a, b in pairwise(route):
            pulls[lane[a], lane[b]] += LOOSE if loose else 1.0
    apart = {(lane[a], lane[b]): 0.0 for row in rows for a, b in pairwise(row)}
    for row in rows:
        for a, b in pairwise(row):
            apart[lane[a], lane[b]] = max(apart[lane[a], lane[b]], (sizes[a] + sizes[b]) / 2 + GAP)
    found = _positions(max(lane) + 1, pulls, apart)
    x = [float(found[k]) for k in lane]
    left = min(value - size / 2 for value, size in zip(x, sizes))
    x = [value - left for value in x]
    return level, x[:len(widths)], [[x[k] for k in route] for route in routes]


def _ordered(at: Sequence[int], steps: Sequence[Link]) -> list[list[int]]:
    """The boxes and places of each layer from left to right, each as near as can be to the middle of its neighbors."""
    above: list[list[int]] = [[] for _ in at]
    below: list[list[int]] = [[] for _ in at]
    for a, b in steps:
        above[b].append(a)
        below[a].append(b)
    rows: list[list[int]] = [[] for _ in range(max(at) + 1)]
    for k, layer in enumerate(at):
        rows[layer].append(k)
    x = [0.0] * len(at)
    for row in rows:
        _number(row, x)
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wished = {k: sum(x[n] for n in near[k]) / len(near[k]) if near[k] else x[k] for k in row}
            row.sort(key=wished.__getitem__)
            _number(row, x)
    return rows


def _number(row: Sequence[int], x: list[float]) -> None:
    """Positions for a row by its order alone, around 0."""
    for k, box in enumerate(row):
        x[box] = k - (len(row) - 1) / 2


def _leading_to(end: int, links: Sequence[Link]) -> set[int]:
    """The box `end` and all from which a way leads to it."""
    found, before = {end}, defaultdict(list)
    for a, b in links:
        before[b].append(a)
    waiting = [end]
    while waiting:
        more = [a for a in before[waiting.pop()] if a not in found]
        found.update(more)
        waiting += more
    return found


def _straight(routes: Sequence[Sequence[int]], past: Sequence[bool]) -> list[Link]:
    """The steps that lead straight down, the most important first: along a long link, then from a box with one way on, and
    to one with one way in. Links `past` other boxes, or off to a side, do not count among the ways of boxes."""
    ways = [route for route, beside in zip(routes, past) if not beside]
    out, into = Counter(route[0] for route in ways), Counter(route[-1] for route in ways)
    found = [step for route in routes for step in list(pairwise(route))[1:-1]]
    for route in ways:
        lone, last = out[route[0]] == 1, into[route[-1]] == 1
        ends = [(route[0], route[1])] * lone + [(route[-2], route[-1])] * last
        found += ends if len(route) > 2 else ends[:1] if lone and last else []
    return found


def _lanes(rows: Sequence[Sequence[int]], straight: Sequence[Link], count: int) -> list[int]:
    """The lane of each box and place: those that straight steps join, as far as these do not cross each other."""
    place = {k: (layer, at) for layer, row in enumerate(rows) for at, k in enumerate(row)}
    kept: list[list[Link]] = [[] for _ in rows]
    above: dict[int, int] = {}
    for a, b in straight:
        (layer, high), (_, low) = place[a], place[b]
        if all((high - other) * (low - under) > 0 for other, under in kept[layer]):
            kept[layer].append((high, low))
            above[b] = a
    lane, lanes = [-1] * count, 0
    for row in rows:
        for k in row:
            if k in above:
                lane[k] = lane[above[k]]
            else:
                lane[k], lanes = lanes, lanes + 1
    return lane


def _positions(count: int, pulls: dict[Link, float], apart: dict[Link, float]) -> Any:
    """x of each lane: the least sum of pull * distance^2 with x[b] - x[a] at least apart[a, b].

    Hildreth's procedure (1957): one after the other, each bound that is broken pushes just as far as it takes.
    """
    matrix = np.eye(count) * 1e-3
    for (a, b), pull in pulls.items():
        if a != b:
            matrix[[a, b], [a, b]] += pull
            matrix[[a, b], [b, a]] -= pull
    inverse = np.linalg.inv(matrix)
    bounds = [(a, b, gap, inverse[b] - inverse[a]) for (a, b), gap in apart.items()]
    push, x = [0.0] * len(bounds), np.zeros(count)
    for _ in range(ROUNDS):
        moved = 0.0
        for k, (a, b, gap, along) in enumerate(bounds):
            more = max((gap - x[b] + x[a]) / (along[b] - along[a]), -push[k])
            if more:
                push[k] += more
                x += more * along
                moved = max(moved, abs(more) * (along[b] - along[a]))
        if moved < 1e-3:
            break
    return _kept_apart(x, apart)


def _kept_apart(x: Any, apart: dict[Link, float]) -> Any:
    """What rounding has left too near, moved to the right."""
    after: dict[int, list[tuple[int, float]]] = defaultdict(list)
    waiting = [0] * len(x)
    for (a, b), gap in apart.items():
        after[a].append((b, gap))
        waiting[b] += 1
    ready = [k for k in range(len(x)) if not waiting[k]]
    while ready:
        a = ready.pop()
        for b, gap in after[a]:
            x[b] = max(x[b], x[a] + gap)
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    return x
