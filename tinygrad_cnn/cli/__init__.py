"""The command `tinygrad-cnn`: each file of this folder is one subcommand.

A subcommand file has `add(subparsers)`, which declares its arguments, and a `run(arguments)` that returns the exit code.
What the package itself does not load (data, pictures, compilers) is imported within, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from .. import __version__
from . import draw, models, predict, report, show, summary, train
from .failure import Failure

EXAMPLES = """\
examples:
  tinygrad-cnn train mnist           the slides' network, trained here
  tinygrad-cnn predict photo.png     what digit is this?
  tinygrad-cnn show convolution      the worked example as a picture
  tinygrad-cnn draw googlenet        a network and its blocks as a picture
  tinygrad-cnn report                what works here, and how to mend the rest
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the process's own) and return the exit code.

    0 done, 1 failed with one sentence on stderr, 2 wrong usage, 130 interrupted.
    """
    try:
        arguments = _parser().parse_args(argv)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except Failure as failure:
        print(f"tinygrad-cnn: {failure}", file=sys.stderr)
        return failure.code
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tinygrad_cnn"):
            raise
        print(f"tinygrad-cnn: the package {error.name} is missing; `tinygrad-cnn report` says how to install it.",
              file=sys.stderr)
        return 1
    except OSError as error:
        # Keep Python from complaining again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # that is a reader (head, less) that has left
            print(f"tinygrad-cnn: {error.filename or 'writing the output'}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tinygrad-cnn: interrupted.", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """Keeps the lines of descriptions and examples as they are, and asks for the nearest word where one is not known."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": argparse.RawDescriptionHelpFormatter, **options})

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = [str(choice) for choice in action.choices or ()]
        if choices and value not in choices:
            near = get_close_matches(str(value), choices, 1, cutoff=0.7)
            remedy = f"did you mean {near[0]}?" if near else f"use {', '.join(choices)}"
            raise argparse.ArgumentError(action, f"{value!r} is not known; {remedy}")


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        "tinygrad-cnn", description="The CNN textbook that runs: train, look inside, try it out.", epilog=EXAMPLES)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.set_defaults(run=lambda _: _no_command(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (train, predict, show, models, summary, draw, report):
        command.add(commands)
    return parser


def _no_command(parser: argparse.ArgumentParser) -> int:
    """The help, as wrong usage."""
    parser.print_help(sys.stderr)
    return 2


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"tinygrad-cnn {__version__}")
        parser.exit()
