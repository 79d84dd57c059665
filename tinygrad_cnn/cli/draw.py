"""`tinygrad-cnn draw NAME`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .failure import Failure

EXAMPLES = """\
examples:
  tinygrad-cnn draw googlenet
  tinygrad-cnn draw unet u.png
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("draw", help="draw a network and its blocks", epilog=EXAMPLES,
                                 description="Draw a network, and each kind of its blocks from within, as the papers do.",
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="NAME", help="a network; `tinygrad-cnn models` lists them")
    parser.add_argument("out", nargs="?", type=Path, metavar="FILE", help="the picture (default NAME.png)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the picture."""
    from .. import models
    from ..devices import shapes_only
    from ..viz import draw_network

    try:
        entry = models.entry(arguments.name)
    except ValueError as error:
        raise Failure(f"{str(error).removeprefix('models: ')}.", 2) from error
    with shapes_only():
        network = models.create(arguments.name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    paper = f"{entry.paper.title} ({entry.paper.source}), {parameters:,} parameters"
    path: Path = arguments.out or Path(f"{arguments.name}.png")
    try:
        draw_network(network, entry.input, arguments.name, paper).save(path)
    except ValueError as error:
        raise Failure(f"{path}: pillow does not know this kind of picture; end the name in .png.", 2) from error
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror or error}.") from error
    print(f"{arguments.name}, and each kind of its blocks: {path}")
    return 0
