"""`tinygrad-cnn show convolution`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .picture import write

EXAMPLES = """\
examples:
  tinygrad-cnn show convolution
  tinygrad-cnn show convolution -o sheet.png
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("show", help="draw what the slides show", epilog=EXAMPLES,
                                 description="Draw what the slides show, with this library's own numbers.")
    parser.add_argument("what", choices=["convolution"], help="a 3x3 filter on a 5x5 image, one window at a time")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="the picture (default convolution.png)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the arrays, write the picture."""
    from ..viz.sliding import FILTER, IMAGE, UNEVEN, convolve, sliding_window, turned

    features, uneven = convolve(IMAGE, FILTER), convolve(IMAGE, UNEVEN)
    _side_by_side(("image", IMAGE), ("filter", FILTER), ("features", features))
    print()
    print("An uneven filter shows that it is not turned before it slides:")
    _side_by_side(("image", IMAGE), ("filter", UNEVEN), ("features", uneven))
    print()
    print("Mathematics would turn it first, and calls the above a cross-correlation:")
    _side_by_side(("image", IMAGE), ("turned", turned(UNEVEN)), ("convolution", convolve(IMAGE, turned(UNEVEN))))
    print()
    path: Path = arguments.out or Path("convolution.png")
    write(sliding_window(), path)
    print(f"every window, step by step: {path}")
    return 0


def _side_by_side(*named: tuple[str, Any]) -> None:
    """Print grids of numbers next to each other, centered, each with its name above."""
    blocks = []
    for name, values in named:
        rows = ["  ".join(f"{value:2.0f}" for value in row) for row in values]
        width = max(len(name), *(len(row) for row in rows))
        blocks.append([f"{line:<{width}}" for line in [name, "", *rows]])
    height = max(len(block) for block in blocks)
    for line in range(height):
        print("    ".join(block[line] if line < len(block) else " " * len(block[0]) for block in blocks).rstrip())
