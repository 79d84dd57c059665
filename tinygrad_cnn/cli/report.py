"""`tinygrad-cnn report`."""

from __future__ import annotations

import argparse

from ..installation import report

EXAMPLES = """\
example:
  tinygrad-cnn report > report.txt         to go with a bug report
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("report", help="what works here, and how to mend the rest", epilog=EXAMPLES,
                                 description="What is installed, which devices work, where the caches are;\n"
                                             "for each thing that does not work, the line that mends it.",
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the report."""
    report()
    return 0
