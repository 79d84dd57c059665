"""The command `tinygrad-cnn`: each file of this folder is one subcommand.

A subcommand file has `add(subparsers)`, which declares its arguments, and a `run(arguments)` that returns the exit code.
What the package itself does not load (data, pictures, compilers) is imported within, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

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
    except BrokenPipeError:
        # The reader (head, less) has left. Keep Python from complaining again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("tinygrad-cnn: interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tinygrad-cnn", description="The CNN textbook that runs: train, look inside, try it out.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (train, predict, show, models, summary, draw, report):
        command.add(commands)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"tinygrad-cnn {__version__}")
        parser.exit()
