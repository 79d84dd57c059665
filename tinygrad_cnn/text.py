"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def duration(seconds: float) -> str:
    """`42 s`, `2 min 31 s`, `1 h 5 min`, `12 days`."""
    seconds = round(seconds)
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return f"{max(seconds, 1)} s"
    if minutes < 60:
        return f"{minutes} min {seconds % 60} s" if seconds % 60 else f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours / 24:,.0f} days"


def rough(seconds: float) -> str:
    """A duration that does not pretend to be exact: `about 40 s`, `about 3 min`."""
    for unit in (5, 30, 60, 600, 3600):
        if seconds < 12 * unit:
            break
    return "about " + duration(max(unit, unit * round(seconds / unit)))


def size(count: float) -> str:
    """Bytes: `431 B`, `12 kB`, `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"


def extents(shape: Iterable[int]) -> str:
    """Shapes: `3x32x32`."""
    return "x".join(map(str, shape))


def scaled(count: float) -> str:
    """Large numbers: `118.016 k`, `1.498 G`; below a thousand as they are."""
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= factor:
            return f"{count / factor:.3f} {unit}"
    return str(count)


def table(rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Columns two spaces apart; `align` has one `<` or `>` for each."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)).rstrip()
            for row in rows]
