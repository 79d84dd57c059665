"""What is published of every network, and what is seen of ours.

`facts/models.json` has, for each network and its arguments, trainable parameters, running statistics of batch norms,
multiply-adds, and the shapes of its results and stages, counted from reference definitions: torchvision 0.28 and timm where
they have the network, else definitions rewritten from the papers and their authors' code. `facts/keys.json.gz` has the
state_dicts of torchvision and timm: names and shapes in order.
"""

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinygrad_cnn import models, nn
from tinygrad_cnn.devices import shapes_only

FACTS = Path(__file__).parent / "facts"
ROWS = json.loads((FACTS / "models.json").read_text())
KEYS = json.loads(gzip.decompress((FACTS / "keys.json.gz").read_bytes()))

NAMES = list(dict.fromkeys(row["name"] for row in ROWS))
MISSING = [name for name in NAMES if name not in models.list_models()]
PRESENT = [name for name in NAMES if name not in MISSING]
INPUTS = {row["name"]: tuple(row["input"]) for row in reversed(ROWS)}
FILES = {models.entry(name).build.__module__ for name in PRESENT}
MACS = {row["name"]: row["macs"] for row in reversed(ROWS)}


def label(row):
    return "-".join([row["name"], *(f"{key}={value}" for key, value in row["kwargs"].items())])


@dataclass
class Seen:
    """A network on the meta device, and the (name, shape for one sample) of every module's result, in order of calls."""

    network: nn.Module
    summary: object
    calls: list


def meta(name, **kwargs):
    """The network without memory. Those with auxiliary heads are in training mode, in which alone the heads run."""
    with shapes_only():
        network = models.create(name, **kwargs)
    return network.train(kwargs.get("aux_logits", False))


@cache
def seen(k):
    """What row `k` looks like here."""
    row = ROWS[k]
    network = meta(row["name"], **row["kwargs"])
    names, calls = {id(module): name for name, module in network.named_modules()}, []

    def note(module, inputs, out):
        if hasattr(out, "shape"):
            calls.append((names.get(id(module)), tuple(out.shape[1:])))

    with nn.watch(note):
        summary = nn.summary(network, row["input"])
    return Seen(network, summary, calls)
