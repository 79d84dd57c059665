"""Writes architectures.md and its pictures from the networks themselves: `python -m docs.architectures`."""

from __future__ import annotations

import hashlib
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from tinygrad_cnn import models, nn
from tinygrad_cnn.cli.models import in_order
from tinygrad_cnn.devices import shapes_only
from tinygrad_cnn.text import scaled
from tinygrad_cnn.viz import draw_network
from tinygrad_cnn.viz.network import kinds
from tinygrad_cnn.viz.placing import lines
from tinygrad_cnn.viz.tracing import trace

HERE = Path(__file__).parent
PICTURED = (
    "mnist_cnn", "lenet", "alexnet_2012", "vgg16", "googlenet", "fcn8s", "c3d", "highway10", "unet", "inception_v3",
    "resnet50", "inception_v4", "inception_resnet_v2", "cifar_preresnet164", "cifar_resnet110_stochastic_depth",
    "fractalnet20", "cifar_densenet_bc100_k12", "xception", "fc_densenet103", "time_series_fcn", "r3d_18",
)
"""One network of each paper that has something to look at."""

PUBLISHED = {
    "mnist_cnn": "600,810 by hand from the slides' layers",
    "alexnet_2012": "60M (slides)",
    "alexnet": "61,100,840 (torchvision)",
    "vgg11": "132,863,336 (torchvision)",
    "vgg13": "133,047,848 (torchvision)",
    "vgg16": "138,357,544 (torchvision); the slides' 180M is no VGG",
    "vgg19": "143,667,240 (torchvision)",
    "vgg16_bn": "138,365,992 (torchvision)",
    "vgg19_bn": "143,678,248 (torchvision)",
    "googlenet_2014": "5M (slides): nobody's; 6,998,552 without heads",
    "googlenet": "6,624,904 without heads (torchvision)",
    "inception_v3": "27,161,264 (torchvision)",
    "inception_v4": "42.7M (timm)",
    "inception_resnet_v2": "55.8M (timm)",
    "xception": "22,855,952 (the paper's table 3)",
    "resnet18": "11,689,512 (torchvision)",
    "resnet34": "21,797,672 (torchvision)",
    "resnet50": "25,557,032 (torchvision)",
    "resnet101": "44,549,160 (torchvision)",
    "resnet152": "60,192,808 (torchvision)",
    "cifar_resnet20": "0.27M (the paper)",
    "cifar_resnet32": "0.46M (the paper)",
    "cifar_resnet44": "0.66M (the paper)",
    "cifar_resnet56": "0.85M (the paper)",
    "cifar_resnet110": "1.7M (the paper)",
    "cifar_resnet1202": "19.4M (the paper)",
    "cifar_preresnet164": "1,703,258 (osmr/imgclsmob)",
    "cifar_preresnet1001": "10.2M (the paper, which leaves out batch norm)",
    "fractalnet20": "38.6M (later tables): not reproduced from the paper's filters",
    "cifar_densenet40_k12": "1.0M (the paper)",
    "cifar_densenet100_k12": "7.0M (the paper)",
    "cifar_densenet100_k24": "27.2M (the paper)",
    "cifar_densenet_bc100_k12": "0.8M (the paper)",
    "cifar_densenet_bc250_k24": "15.3M (the paper)",
    "cifar_densenet_bc190_k40": "25.6M (the paper)",
    "densenet121": "7,978,856 (torchvision)",
    "densenet169": "14,149,480 (torchvision)",
    "densenet201": "20,013,928 (torchvision)",
    "densenet161": "28,681,000 (torchvision)",
    "fcn32s": "134M (the paper): what is trained",
    "unet": "31.03M (slides)",
    "fc_densenet56": "1.5M (slides): not reproduced",
    "fc_densenet67": "3.5M (slides)",
    "fc_densenet103": "9.4M (slides), batch norm's statistics included",
    "r3d_18": "33,371,472 (torchvision)",
}
"""Parameters as others print them, and who does."""

HEAD = """\
# Architectures

<!-- Written by `python -m docs.architectures`; a test says when it is stale. -->

Every network of the slides, one paper a file. Parameters are counted, with auxiliary classifiers and frozen weights where the
network has them; multiply-adds are those of convolutions and linear layers for one input of the given shape. Every count, every
stage's shape and, where torchvision or timm have the network, every key of its state is asserted by the tests.
`tinygrad-cnn summary NAME` prints a network layer by layer, `tinygrad-cnn draw NAME` draws it.
"""


def page() -> str:
    """The text of architectures.md."""
    parts = [HEAD, _table(_names())]
    for paper, names in groupby(_names(), key=lambda name: models.entry(name).paper):
        parts += [f"## {paper.title}\n", f"{paper.year}, {paper.source}\n"]
        found = list(names)
        if len({_file(name) for name in found}) == 1:
            parts.append(_story(found[0]) + "\n")
        parts += [f"![{name}](pictures/{name}.png)\n" for name in found if name in PICTURED]
    return "\n".join(parts)


def _names() -> list[str]:
    return in_order(models.list_models())


def _file(name: str) -> str:
    return models.entry(name).build.__module__


def _story(name: str) -> str:
    """What the network's file says of itself, from its second paragraph on."""
    text = (sys.modules[_file(name)].__doc__ or "").strip()
    return text.partition("\n\n")[2] or text


def _table(names: list[str]) -> str:
    rows = ["| network | year | parameters | published | multiply-adds | input |", "| --- | --- | ---: | --- | ---: | --- |"]
    with shapes_only():
        for name in names:
            entry = models.entry(name)
            found = nn.summary(entry.build(), entry.input)
            rows.append(f"| `{name}` | {entry.paper.year} | {found.parameters:,} | {PUBLISHED.get(name, '')} | "
                        f"{scaled(found.macs)} | {'x'.join(map(str, entry.input))} |")
    return "\n".join(rows) + "\n"


def digest(name: str) -> str:
    """What a picture shows, in a few letters: two pictures of equal digest differ in their fonts at most."""
    found = [(title, path, [(box.style, lines(box)) for box in graph.boxes], graph.links)
             for title, path, graph in kinds(trace(_built(name), models.entry(name).input))]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def _built(name: str) -> nn.Module:
    with shapes_only():
        return models.create(name)


def _reduced(picture: Image.Image) -> Image.Image:
    """The picture in its 128 commonest colors: all that mean something are there, and smooth edges stay smooth."""
    pixels = np.asarray(picture)
    colors, place, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    kept = colors[np.argsort(-counts, kind="stable")[:128]].astype(int)
    nearest = [int(((kept - color) ** 2).sum(1).argmin()) for color in colors]
    reduced = Image.fromarray(np.array(nearest, np.uint8)[place].reshape(pixels.shape[:2])).convert("P")
    reduced.putpalette(kept.astype(np.uint8).tobytes())
    return reduced


def main() -> None:
    """Write the page and its pictures."""
    (HERE / "pictures").mkdir(exist_ok=True)
    for name in PICTURED:
        picture = draw_network(_built(name), models.entry(name).input, name)
        marks = PngImagePlugin.PngInfo()
        marks.add_text("digest", digest(name))
        _reduced(picture).save(HERE / "pictures" / f"{name}.png", pnginfo=marks, optimize=True)
    (HERE / "architectures.md").write_text(page(), encoding="utf-8")
    print(f"docs/architectures.md: {len(models.list_models())} networks, {len(PICTURED)} pictures")


if __name__ == "__main__":
    main()
