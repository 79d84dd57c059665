"""Where to put the boxes of a directed graph without circles: in layers, each link from one layer to a later one.

After Sugiyama, Tagawa and Toda 1981: layers by the longest way, long links through a place of their own in each layer
between, an order with few crossings by barycenters, then positions as near to the neighbors' as the order allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

GAP = 18.0  # pixels between neighbors in a layer
SWEEPS = 12

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
    sizes, level = list(widths), list(level)
    routes: list[list[int]] = []  # of each link its boxes and places
    steps: list[Link] = []  # all pairs of neighbors in them
    for a, b in links:
        route = [a, *range(len(sizes), len(sizes) + level[b] - level[a] - 1), b]
        sizes += [0.0] * (len(route) - 2)
        level += range(level[a] + 1, level[b])
        routes.append(route)
        steps += pairwise(route)
    above: list[list[int]] = [[] for _ in sizes]
    below: list[list[int]] = [[] for _ in sizes]
    for a, b in steps:
        above[b].append(a)
        below[a].append(b)
    rows: list[list[int]] = [[] for _ in range(max(level) + 1)]
    for k, at in enumerate(level):
        rows[at].append(k)
    x = [0.0] * len(sizes)
    for row in rows:
        _spread(row, sizes, [0.0] * len(row), x)
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            near = [(above if down else below)[k] or above[k] + below[k] for k in row]
            wished = [sum(x[n] for n in ns) / len(ns) if ns else x[k] for k, ns in zip(row, near)]
            if sweep < SWEEPS:  # later the order stays, and only positions move
                order = sorted(range(len(row)), key=wished.__getitem__)
                row[:], wished = [row[k] for k in order], [wished[k] for k in order]
            _spread(row, sizes, wished, x)
    left = min(x[k] - sizes[k] / 2 for k in range(len(sizes)))
    x = [value - left for value in x]
    return level[:len(widths)], x[:len(widths)], [[x[k] for k in route] for route in routes]


def _spread(row: Sequence[int], sizes: Sequence[float], wished: Sequence[float], x: list[float]) -> None:
    """Set the x of a row: in its order, without overlap, with the least sum of squared distances from `wished`.

    Without the widths this is isotonic regression: neighbors that would change places get the mean of their wishes.
    """
    offsets = [0.0]
    for a, b in pairwise(row):
        offsets.append(offsets[-1] + (sizes[a] + sizes[b]) / 2 + GAP)
    groups: list[tuple[float, int]] = []  # (sum of wishes, how many)
    for wish, offset in zip(wished, offsets):
        total, count = wish - offset, 1
        while groups and groups[-1][0] / groups[-1][1] > total / count:
            more, others = groups.pop()
            total, count = total + more, count + others
        groups.append((total, count))
    means = [total / count for total, count in groups for _ in range(count)]
    for k, mean, offset in zip(row, means, offsets):
        x[k] = mean + offset
