"""Reading at computed places: along each axis, what an endless image has at its whole places, weighed by the distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from .interpolate import cubic

AROUND = 12  # whole places beyond the image that count


def affine_grid(theta: Any, size: Any, align_corners: bool) -> Any:
    rank = len(size) - 2
    lines = [np.linspace(-1, 1, n) if align_corners else (2 * np.arange(n) + 1) / n - 1 for n in size[2:]]
    lines = [np.zeros(1) if len(line) == 1 else line for line in lines]
    points = np.stack([*np.meshgrid(*lines, indexing="ij")[::-1], np.ones(size[2:])], -1)
    return np.einsum("...k,nik->n...i", points, theta).reshape(size[0], *size[2:], rank)


def grid_sample(x: Any, at: Any, mode: str, padding_mode: str, align_corners: bool) -> Any:
    """x (n, c, ...) at the places (n, ..., axes), counted in elements, the last axis of x first."""
    n, c, *size = x.shape
    out = np.broadcast_to(x[:, None], (n, int(np.prod(at.shape[1:-1])), c, *size))
    for k, extent in enumerate(size):
        weights = _weights(at[..., -1 - k].reshape(out.shape[:2]), extent, mode, padding_mode, align_corners)
        out = np.einsum("npcs...,nps->npc...", out, weights)
    return np.moveaxis(out, 1, 2).reshape(n, c, *at.shape[1:-1])


def _weights(at: Any, extent: int, mode: str, padding: str, corners: bool) -> Any:
    """How much each of `extent` elements counts at each place."""
    places = np.arange(-AROUND, extent + AROUND)
    apart = at[..., None] - places
    kernels = {"nearest": lambda: np.abs(apart) < 0.5, "bilinear": lambda: np.maximum(1 - np.abs(apart), 0),
               "bicubic": lambda: np.vectorize(cubic, [float])(apart, -0.75)}
    period = 2 * (extent - 1 if corners else extent)
    found = {"border": np.clip(places, 0, extent - 1), "zeros": places,
             "reflection": _mirrored(places % max(period, 1), extent, corners)}[padding]
    return (kernels[mode]() * 1.0) @ (found[:, None] == np.arange(extent))


def _mirrored(places: Any, extent: int, corners: bool) -> Any:
    return np.where(places < extent, places, 2 * extent - (2 if corners else 1) - places)
