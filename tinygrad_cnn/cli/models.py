"""`tinygrad-cnn models`."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from .. import models, nn
from ..devices import shapes_only
from ..text import extents, scaled, table
from .failure import Failure, sentence

EXAMPLES = """\
examples:
  tinygrad-cnn models
  tinygrad-cnn models '*resnet*'
  tinygrad-cnn models --json         one object for each network
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("models", help="list the networks", epilog=EXAMPLES,
                                 description="The networks by year and paper: trained parameters, multiply-adds for one\n"
                                             "input, and the shape of that input.")
    parser.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="only such names, like '*bn*'")
    parser.add_argument("--json", action="store_true", help="for other programs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each network, below its paper."""
    names = models.list_models(arguments.pattern)
    if not names:
        raise Failure(f"no network is called {arguments.pattern!r}; `tinygrad-cnn models` lists them all.")
    names = in_order(names)
    with shapes_only():
        found = [_facts(name) for name in names]
    if arguments.json:
        print("[\n" + ",\n".join(json.dumps(row) for row in found) + "\n]")
        return 0
    rows = [("  network", "parameters", "MACs", "input")]
    rows += [("  " + row["name"], f"{row['parameters']:,}", scaled(row["macs"]), extents(row["input"]))
             for row in found]
    lines = iter(table(rows, "<>><"))
    print(next(lines))
    for paper, group in groupby(models.entry(name).paper for name in names):
        print(_fitting(f"{paper.year}  {paper.title}", paper.source))
        for _ in group:
            print(next(lines))
    return 0


def entry(name: str) -> models.Entry:
    """What is known of the network called `name`. Raises Failure if there is none, and suggests the nearest name."""
    try:
        return models.entry(name)
    except ValueError as error:
        raise Failure(sentence(error).removeprefix("models: "), 2) from error


def in_order(names: Iterable[str]) -> list[str]:
    """By paper, then by number: resnet18 before resnet101."""
    return sorted(names, key=lambda name: (_chronological(models.entry(name).paper), _by_number(name)))


def _chronological(paper: models.Paper) -> tuple[int, str, str]:
    return paper.year, paper.source, paper.title


def _by_number(name: str) -> list[Any]:
    """Resnet 20 comes before resnet 110."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _facts(name: str) -> dict[str, Any]:
    """What is known and what is counted of one network, on the meta device."""
    known = models.entry(name)
    summary = nn.summary(known.build(), known.input)
    return {"name": name, "year": known.paper.year, "paper": known.paper.title, "source": known.paper.source,
            "parameters": summary.trainable, "macs": summary.macs, "input": known.input, "outputs": summary.outputs}


def _fitting(title: str, source: str) -> str:
    """Both in 80 columns; the title gives way."""
    room = 80 - len(source) - 2
    return f"{title if len(title) <= room else title[:room - 3].rstrip() + '...'}, {source}"
