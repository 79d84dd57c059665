"""The picture of a graph: what is in it, and that it can be read: nothing overlaps, links lead down."""

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_cnn as tg
from tinygrad_cnn import layered, nn
from tinygrad_cnn.nn import functional as F


class Block(nn.Module):
    """A residual block."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(3, 3, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + x)


def cnn():
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(),
                         nn.Linear(16 * 11 * 11, 10))


def read(path):
    """(boxes as (left, top, right, bottom, lines), links as lists of points) of a picture."""
    root = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    texts = [(float(t.get("x")), float(t.get("y")), t.text) for t in root.iter(f"{space}text")]
    boxes = []
    for r in root.iter(f"{space}rect"):
        if r.get("rx"):
            left, top = float(r.get("x")), float(r.get("y"))
            right, bottom = left + float(r.get("width")), top + float(r.get("height"))
            assert left >= 0 and right <= float(root.get("width")) and bottom <= float(root.get("height"))
            lines = [text for x, y, text in texts if left < x < right and top < y < bottom]
            assert all(len(line) * 7 < right - left for line in lines), "text leaves its box"
            boxes.append((left, top, right, bottom, lines))
    links = [[tuple(map(float, pair)) for pair in re.findall(r"(?:M|[\d.] )([\d.-]+) ([\d.-]+)(?=C|$)", p.get("d"))]
             for p in root.iter(f"{space}path") if p.get("marker-end")]
    return boxes, links


def check_readable(boxes, links):
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], f"{a[4]} and {b[4]} overlap"
    for points in links:
        assert all(high[1] <= low[1] for high, low in pairwise(points)), "a link leads up"
        for (x, high), (_, low) in zip(points[1:-1:2], points[2:-1:2]):  # straight down through a layer
            for left, top, right, bottom, lines in boxes:
                assert not (left < x < right and top < (high + low) / 2 < bottom), f"a link runs through {lines}"


def test_a_small_graph(tmp_path):
    a, b = tg.ones(2, 3, requires_grad=True), tg.ones(3, requires_grad=True)
    y = (a * b).exp().sum()
    y.draw(tmp_path / "g.svg", {"a": a})
    boxes, links = read(tmp_path / "g.svg")
    check_readable(boxes, links)
    assert sorted(lines for *_, lines in boxes) == [
        ["Sum", "()"], ["a", "(2, 3)", "no gradient yet"], ["b", "(3,)", "no gradient yet"], ["exp", "(2, 3)"],
        ["mul", "(2, 3)"], ["result", "()"]]
    assert len(links) == 5
    y.backward(retain_graph=True)
    y.draw(tmp_path / "g.svg", {"a": a})
    assert ["b", "(3,)", "gradient (3,)"] in [lines for *_, lines in read(tmp_path / "g.svg")[0]]


@pytest.mark.parametrize("make, shape", [(Block, (2, 3, 8, 8)), (cnn, (4, 1, 28, 28))])
def test_networks(tmp_path, make, shape):
    model = make()
    model(tg.ones(*shape)).mean().draw(tmp_path / "n.svg", dict(model.named_parameters()))
    boxes, links = read(tmp_path / "n.svg")
    check_readable(boxes, links)
    shown = {lines[0]: lines for *_, lines in boxes}
    for name, parameter in model.named_parameters():
        assert shown[name][1] == str(parameter.shape)
    assert ["x", str(shape)] in [lines for *_, lines in boxes], "the image, which has no gradient"
    assert len(links) >= len(boxes) - 1


def test_one_leaf_used_twice_is_one_box(tmp_path):
    x = tg.ones(2, requires_grad=True)
    (x * x + x).draw(tmp_path / "g.svg")
    boxes, links = read(tmp_path / "g.svg")
    assert len(boxes) == 4 and len(links) == 5
    check_readable(boxes, links)


def test_several_results_and_names_that_are_markup(tmp_path):
    x = tg.ones(2, 4, requires_grad=True)
    x.max(1).values.draw(tmp_path / "g.svg", {"<x & y>": x})
    shown = [lines for *_, lines in read(tmp_path / "g.svg")[0]]
    assert ["<x & y>", "(2, 4)", "no gradient yet"] in shown and ["Max", "(2,), (2,)"] in shown


def test_what_cannot_be_drawn(tmp_path):
    with pytest.raises(RuntimeError, match=r"draw: no operation was recorded for the tensor of shape \(2,\)"):
        tg.ones(2).draw(tmp_path / "g.svg")
    y = tg.ones(1, requires_grad=True).exp()
    y.backward()
    with pytest.raises(RuntimeError, match="draw: the graph behind exp was freed by backward; draw first, or pass retain"):
        y.draw(tmp_path / "g.svg")


def test_a_deep_graph(tmp_path):
    y = tg.ones(1, requires_grad=True)
    for _ in range(2000):
        y = y.exp()
    y.draw(tmp_path / "g.svg")
    assert len(read(tmp_path / "g.svg")[0]) == 2002


@st.composite
def acyclic(draw):
    count = draw(st.integers(1, 12))
    links = [(a, b) for b in range(1, count) for a in range(b) if draw(st.integers(0, 3)) == 0]
    return [draw(st.floats(10, 200)) for _ in range(count)], links


@given(acyclic())
def test_layers_hold(graph):
    widths, links = graph
    level, x, routes = layered.place(widths, links)
    assert all(level[a] < level[b] for a, b in links) and min(level) == 0
    for (a, b), route in zip(links, routes, strict=True):
        assert len(route) == level[b] - level[a] + 1 and (route[0], route[-1]) == (x[a], x[b])
    for a, b in combinations(range(len(widths)), 2):
        if level[a] == level[b]:
            assert abs(x[a] - x[b]) >= (widths[a] + widths[b]) / 2 + layered.GAP - 1e-6
    assert min(c - w / 2 for c, w in zip(x, widths)) >= -1e-6
