"""`tinygrad-cnn summary NAME`."""

from __future__ import annotations

import argparse

from .. import nn
from ..devices import shapes_only
from .failure import Failure, sentence
from .models import entry

EXAMPLES = """\
examples:
  tinygrad-cnn summary mnist_cnn
  tinygrad-cnn summary mnist_cnn --input 1x64x64
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("summary", help="list the layers of a network", epilog=EXAMPLES,
                                 description="The layers of a network: output shapes, parameters, multiply-adds.")
    parser.add_argument("name", metavar="NAME", help="a network; `tinygrad-cnn models` lists them")
    parser.add_argument("--input", type=_shape, metavar="CxHxW", help="another input than the network's usual one")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    known = entry(arguments.name)
    with shapes_only():
        network = known.build()
    try:
        print(nn.summary(network, arguments.input or known.input))
    except ValueError as error:
        raise Failure(f"{arguments.name} does not take this input: {sentence(error)}") from error
    return 0


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(extent) for extent in text.lower().split("x"))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no shape; write it like 1x28x28")
    return shape
