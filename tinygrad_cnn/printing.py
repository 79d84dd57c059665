"""A tensor in print: columns of equal width, four digits, and of a large tensor the elements at its edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import shapes
from .devices import kernels

PROFILES = {"default": (4, 1000, 3, 80), "short": (2, 1000, 2, 80), "full": (4, float("inf"), 3, 80)}
NAMES = ("precision", "threshold", "edgeitems", "linewidth")
_options: dict[str, Any] = {**dict(zip(NAMES, PROFILES["default"])), "sci_mode": None}


def set_printoptions(precision: int | None = None, threshold: float | None = None, edgeitems: int | None = None,
                     linewidth: int | None = None, profile: str | None = None, sci_mode: bool | None = None) -> None:
    """How tensors are printed: `precision` digits (4), all elements up to `threshold` (1000) and else `edgeitems` (3) at
    each end of each axis, lines of `linewidth` (80). `sci_mode` asks for powers of ten, or none; by default the numbers
    decide. A `profile` "default", "short" or "full" sets them all; None leaves what is."""
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(f"set_printoptions: profile is {profile!r} but must be one of {', '.join(PROFILES)}")
        _options.update(zip(NAMES, PROFILES[profile]))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update({name: value for name, value in given.items() if value is not None}, sci_mode=sci_mode)


def printed(x: Any, indent: int = 0) -> str:
    """What `repr` says of a tensor; `indent` is how far in its first line begins."""
    start, before = "tensor(", indent + len("tensor(")
    notes = []
    if x.device == "meta":
        body, notes = "...", [f"size={tuple(x.shape)}"]
    elif not x.numel():
        body, notes = "[]", [] if x.ndim == 1 else [f"size={tuple(x.shape)}"]
    else:
        values = kernels(x.array).download(x.array)
        body = _nested(values, before, _formatter(values), x.numel() > _options["threshold"])
    usual = (shapes.FLOAT32, shapes.INT64, shapes.BOOL) if x.numel() else (shapes.FLOAT32,)
    notes += [] if x.device == "cpu" else [f"device='{x.device}'"]
    notes += [] if x.dtype in usual else [f"dtype={x.dtype.name}"]
    if x.requires_grad:
        notes.append("requires_grad=True" if x.node is None else f"grad_fn=<{x.node}>")
    text, width = start + body, len(body.rpartition("\n")[2]) + (before if "\n" not in body else 0)
    for note in notes:
        fits = width + len(note) + 3 <= _options["linewidth"]
        text += f", {note}" if fits else ",\n" + " " * before + note
        width = width + len(note) + 2 if fits else before + len(note)
    return text + ")"


def _edges(values: Any) -> Any:
    """The elements of a large array that are printed."""
    most = _options["edgeitems"]
    for axis, extent in enumerate(values.shape):
        if extent > 2 * most:
            values = values.take([*range(most), *range(extent - most, extent)], axis)
    return values


def _formatter(values: Any) -> Callable[[Any], str]:
    """The function that prints one element, as wide as the widest of them."""
    shown = _edges(values) if values.size > _options["threshold"] else values
    write: Callable[[Any], str] = str
    if values.dtype.kind == "f":
        write = _writer(shown)
        shown = shown[np.isfinite(shown) & (shown != 0)]
    width = max((len(write(v)) for v in shown.reshape(-1).tolist()), default=1)
    return lambda value: write(value).rjust(width)


def _writer(shown: Any) -> Callable[[Any], str]:
    """How floating numbers are written: whole, with a fixed point, or in powers of ten where they differ much."""
    sizes = np.abs(shown[np.isfinite(shown) & (shown != 0)].astype(np.float64))
    digits = _options["precision"]
    whole = bool((sizes == np.floor(sizes)).all())
    least, most = (sizes.min(), sizes.max()) if sizes.size else (1.0, 1.0)
    wild = bool(most / least > 1000 or most > 1e8 or (not whole and least < 1e-4))
    if wild if _options["sci_mode"] is None else _options["sci_mode"]:
        return lambda value: f"{value:.{digits}e}"
    if whole:
        return lambda value: f"{value:.0f}." if np.isfinite(value) else f"{value:.0f}"
    return lambda value: f"{value:.{digits}f}"


def _nested(values: Any, indent: int, write: Callable[[Any], str], large: bool) -> str:
    """Brackets in brackets; `large` leaves out the middle of long axes."""
    if not values.ndim:
        return write(values.item())
    most = _options["edgeitems"]
    cut = large and len(values) > 2 * most
    kept = [*values[:most], None, *values[-most:]] if cut else list(values)
    if values.ndim > 1:
        parts = ["..." if v is None else _nested(v, indent + 1, write, large) for v in kept]
        return "[" + ("," + "\n" * (values.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
    words = [" ..." if v is None else write(v.item()) for v in kept]
    per_line = max(1, (_options["linewidth"] - indent) // (len(write(values[0].item())) + 2))
    lines = [", ".join(words[k:k + per_line]) for k in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
