"""`tinygrad-cnn draw NAME`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..devices import shapes_only
from .models import entry
from .picture import write

EXAMPLES = """\
examples:
  tinygrad-cnn draw googlenet
  tinygrad-cnn draw unet u.png
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("draw", help="draw a network and its blocks", epilog=EXAMPLES,
                                 description="Draw a network, and each kind of its blocks from within, as the papers do.")
    parser.add_argument("name", metavar="NAME", help="a network; `tinygrad-cnn models` lists them")
    parser.add_argument("out", nargs="?", type=Path, metavar="FILE", help="the picture (default NAME.png)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the picture."""
    from ..viz import draw_network

    known = entry(arguments.name)
    with shapes_only():
        network = known.build()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    paper = f"{known.paper.title} ({known.paper.source}), {parameters:,} parameters"
    path: Path = arguments.out or Path(f"{arguments.name}.png")
    write(draw_network(network, known.input, arguments.name, paper), path)
    print(f"{arguments.name}, and each kind of its blocks: {path}")
    return 0
