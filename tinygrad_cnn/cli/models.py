"""`tinygrad-cnn models`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from ..text import table
from .failure import Failure

EXAMPLES = """\
examples:
  tinygrad-cnn models
  tinygrad-cnn models '*bn*'
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("models", help="list the networks", epilog=EXAMPLES,
                                 description="The networks by name, with input, parameters and what they are.",
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="only such names, like '*bn*'")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each network."""
    from .. import models

    names = models.list_models(arguments.pattern)
    if not names:
        raise Failure(f"no network is called {arguments.pattern!r}; `tinygrad-cnn models` lists them all.")
    rows = [("network", "input", "parameters", "")]
    with shapes_only():
        for name in names:
            entry = models.entry(name)
            count = sum(parameter.numel() for parameter in entry.build().parameters())
            purpose = (entry.build.__doc__ or "").strip().partition("\n")[0].partition(": ")[0].rstrip(".")
            rows.append((name, "x".join(map(str, entry.input)), f"{count:,}", purpose))
    for line in table(rows, "<<><"):
        print(line if len(line) <= 80 else line[:77].rstrip() + "...")
    return 0


@contextmanager
def shapes_only() -> Iterator[None]:
    """Within the block networks are made without memory or numbers."""
    from ..devices import default_device, set_default_device

    before = default_device()
    set_default_device("meta")
    try:
        yield
    finally:
        set_default_device(before)
