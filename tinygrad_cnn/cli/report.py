"""`tinygrad-cnn report`."""

from __future__ import annotations

import argparse
import textwrap

from ..environment import VARIABLES
from ..installation import report

EXAMPLES = """\
example:
  tinygrad-cnn report > report.txt         to go with a bug report
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("report", help="what works here, and how to mend the rest", epilog=EXAMPLES + _variables(),
                                 description="What is installed, which devices work, where the caches are;\n"
                                             "for each thing that does not work, the line that mends it.")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the report."""
    report()
    return 0


def _variables() -> str:
    """What environment variables are for, in 80 columns."""
    lines = ["", "environment variables:"]
    for name, use in VARIABLES.items():
        lines += textwrap.wrap(use, 79, initial_indent=f"  {name:21} ", subsequent_indent=" " * 24)
    return "\n".join(lines)
