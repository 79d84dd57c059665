"""Pictures of networks: which boxes and links a block has, and where they are put."""

import pytest

from tinygrad_cnn import models
from tinygrad_cnn.devices import shapes_only
from tinygrad_cnn.viz import draw_network
from tinygrad_cnn.viz.network import kinds, panel
from tinygrad_cnn.viz.tracing import trace


def blocks(name):
    """{title: graph} of a network and of each kind of its blocks."""
    with shapes_only():
        network = models.create(name)
    return dict(kinds(trace(network, models.entry(name).input), name))


def titles(graph):
    return [box.title for box in graph.boxes]


def test_the_inception_module_has_four_branches():
    module = blocks("googlenet")["InceptionModule"]
    concat = titles(module).index("concat")
    assert titles(module)[0] == "input" and concat == len(module.boxes) - 1
    assert sum(b == concat for _, b in module.links) == 4 and sum(a == 0 for a, _ in module.links) == 4
    assert module.boxes[concat].shape == (256, 28, 28)
    assert module.boxes[1].notes == ["batch norm", "ReLU"] and module.boxes[1].title == "1x1 conv, 64"


def test_the_residual_unit_adds_its_shortcut():
    found = blocks("resnet50")
    unit = found["Bottleneck"]
    last = len(unit.boxes) - 1
    assert titles(unit)[last] == "+" and unit.boxes[last].notes == ["ReLU"]
    assert sum(b == last for _, b in unit.links) == 2
    assert [(box.title, box.count) for box in found["resnet50"].boxes if box.style == "block"] == [
        ("Bottleneck", 3), ("Bottleneck", 4), ("Bottleneck", 6), ("Bottleneck", 3)]


def test_identity_shortcuts_are_links_past_the_branch():
    unit = blocks("cifar_resnet20")["BasicBlock"]
    assert (0, titles(unit).index("+")) in unit.links


def test_a_dense_block_is_abridged():
    found = blocks("cifar_densenet_bc100_k12")
    assert titles(found["DenseBlock"]) == ["input", *["DenseLayer", "concat"] * 2, "13 times more", "DenseLayer", "concat"]
    ends = {b for _, b in found["DenseBlock"].links}
    assert ends == set(range(1, 8)), "every box is linked"


def test_the_u_is_a_u():
    whole = blocks("unet")["unet"]
    boxes = panel("unet", whole).boxes
    heights = [box.y for box, kind in zip(boxes, titles(whole)) if kind == "DoubleConv"]
    assert heights[:5] == sorted(heights[:5]) and heights[4:] == sorted(heights[4:], reverse=True)
    assert len(set(heights)) == 5 and heights[0] == heights[-1]
    assert [box.x for box in boxes if box.box.title == "concat"] == sorted(box.x for box in boxes if box.box.title == "concat")
    assert sum(b == titles(whole).index("concat") for _, b in whole.links) == 2


@pytest.mark.parametrize("name", ["googlenet", "unet", "fcn8s", "xception", "highway10", "fractalnet20", "c3d", "mlp"])
def test_boxes_do_not_overlap_and_fit_the_picture(name):
    for title, graph in blocks(name).items():
        drawn = panel(title, graph)
        for k, a in enumerate(drawn.boxes):
            assert a.x >= -0.5 and a.x + a.width <= drawn.width + 0.5 and a.y + a.height <= drawn.height + 0.5
            for b in drawn.boxes[:k]:
                apart = (a.x >= b.x + b.width or b.x >= a.x + a.width or a.y >= b.y + b.height or b.y >= a.y + a.height)
                assert apart, f"{title}: {a.lines} over {b.lines}"


def test_ways_across_a_u_meet_no_way_from_row_to_row():
    drawn = panel("fcn8s", blocks("fcn8s")["fcn8s"])
    across = [r for r in drawn.routes if len(r) == 4 and r[0][1] > r[1][1] and r[2][1] < r[3][1]]  # up, across, down again
    assert across
    for route in across:
        others = [{x for x, _ in other} for other in drawn.routes if other is not route]
        assert not any({route[0][0], route[-1][0]} & xs for xs in others)


def test_the_heading_fits():
    with shapes_only():
        network = models.create("lenet")
    long = draw_network(network, (1, 28, 28), "lenet", "subtitle " * 20)
    assert long.size[0] > draw_network(network, (1, 28, 28), "lenet").size[0] + 400


def test_the_picture():
    with shapes_only():
        network = models.create("googlenet")
    picture = draw_network(network, (3, 224, 224), "googlenet")
    assert picture.size[0] > 400 and picture.size[1] > 800
    assert len(picture.getcolors(1 << 20)) > 20, "something is drawn"
    assert all(parameter.device == "meta" for parameter in network.parameters())
