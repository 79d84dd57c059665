"""`tinygrad-cnn predict FILE...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .. import models, saving
from ..objects import CheckpointError
from .failure import Failure, sentence

if TYPE_CHECKING:
    from ..nn.module import Module

EXAMPLES = """\
examples:
  tinygrad-cnn predict digit.png
  tinygrad-cnn predict *.jpg --weights runs/mnist

A picture shows one digit, of any size and color, dark on light or light on
dark. Transparency is fine. The weights are those of the newest run below runs/
unless --weights names a run, one of its step folders or a .safetensors file.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("predict", help="tell which digit a picture shows", epilog=EXAMPLES,
                                 description="Tell which digit each picture shows, with the probabilities in percent.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a picture of one digit, in any format of pillow")
    parser.add_argument("--weights", type=Path, metavar="PATH", help="default: the newest run below runs/")
    parser.add_argument("--model", metavar="NAME", help="the network, if the weights file does not name it")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Answer for each file; 1 if one could not be read."""
    from ..predict import PictureError, probabilities, read_picture

    model = _network(arguments.weights, arguments.model)
    failed = False
    for file in arguments.files:
        try:
            shares = probabilities(model, read_picture(file)[None, None])[0]
        except PictureError as error:
            print(f"tinygrad-cnn: {error}", file=sys.stderr)
            failed = True
            continue
        print(f"{file}: {shares.argmax()}")
        print(" " + "  ".join(f"{digit} {100 * share:4.1f}" for digit, share in enumerate(shares)), flush=True)
    return int(failed)


def _network(weights: Path | None, name: str | None) -> Module:
    """The network with the weights asked for."""
    try:
        file = _file(weights)
        arrays, metadata = saving.read(file)
    except CheckpointError as error:
        raise Failure(error) from error
    data = metadata.get("settings", {}).get("data", "mnist")
    if data != "mnist":
        raise Failure(f"{file} was trained on {data}, but predict reads digits; name weights trained on mnist with --weights.")
    name = name or metadata.get("model")
    if not name:
        raise Failure(f"{file} does not say which network it belongs to; add --model NAME, "
                      "one of those that `tinygrad-cnn models` lists.")
    try:
        model = models.create(name, **metadata.get("arguments", {}))
        model.load_state_dict(arrays)
    except (TypeError, ValueError) as error:
        raise Failure(f"{file}: {sentence(error)}") from error
    return model


def _file(weights: Path | None) -> Path:
    """The weights file that a run, a step folder or a file stands for."""
    if weights is None:
        weights = saving.newest_run("runs")
        if weights is None:
            raise Failure("there are no trained weights below runs/; train with `tinygrad-cnn train mnist`, "
                          "or name some with --weights.")
    if (weights / "latest").exists():
        weights = saving.latest(weights) or weights
    return weights / "model.safetensors" if weights.is_dir() else weights
