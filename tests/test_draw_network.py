"""Pictures of networks: which boxes and links a block has, and where they are put."""

from itertools import combinations, pairwise

import pytest

from tinygrad_cnn import models, random
from tinygrad_cnn.devices import shapes_only
from tinygrad_cnn.viz import draw_network
from tinygrad_cnn.viz.network import WIDE, kinds
from tinygrad_cnn.viz.placing import panel
from tinygrad_cnn.viz.tracing import trace


def forms(name):
    """(class, path, graph) of a network, whose class is "", and of each form of its blocks."""
    with shapes_only():
        network = models.create(name)
    return list(kinds(trace(network, models.entry(name).input)))


def blocks(name):
    """{class: graph} of a network, whose class is "", and of the first of its blocks of each class."""
    return {title: graph for title, _, graph in reversed(forms(name))}


def titles(graph):
    return [box.title for box in graph.boxes]


def test_the_inception_module_has_four_branches():
    module = blocks("googlenet")["InceptionModule"]
    concat = titles(module).index("concat")
    assert titles(module)[0] == "input" and concat == len(module.boxes) - 1
    assert sum(b == concat for _, b in module.links) == 4 and sum(a == 0 for a, _ in module.links) == 4
    assert module.boxes[concat].shape == (256, 28, 28)
    assert module.boxes[1].notes == ["BN", "ReLU"] and module.boxes[1].title == "1x1 conv, 64"


def test_the_residual_unit_adds_its_shortcut():
    found = blocks("resnet50")
    unit = found["Bottleneck"]
    last = len(unit.boxes) - 1
    assert titles(unit)[last] == "+" and unit.boxes[last].notes == ["ReLU"]
    assert sum(b == last for _, b in unit.links) == 2
    assert [(box.title, box.count) for box in found[""].boxes if box.style == "block"] == [
        ("Bottleneck", 3), ("Bottleneck", 4), ("Bottleneck", 6), ("Bottleneck", 3)]


def test_identity_shortcuts_are_links_past_the_branch():
    unit = blocks("cifar_resnet20")["BasicBlock"]
    assert (0, titles(unit).index("+")) in unit.links


def test_a_dense_block_is_abridged():
    found = blocks("cifar_densenet_bc100_k12")
    assert titles(found["DenseBlock"]) == ["input", *["DenseLayer", "concat"] * 2, "13 times more", "DenseLayer", "concat"]
    ends = {b for _, b in found["DenseBlock"].links}
    assert ends == set(range(1, 8)), "every box is linked"


def test_every_form_of_a_block_is_drawn_once():
    found = [(title, path, len(graph.links)) for title, path, graph in forms("cifar_preresnet164")]
    assert [found[k][:2] for k in (1, 2)] == [("PreActBottleneck", "layer1.0"), ("PreActBottleneck", "layer1.1")]
    assert len(found) == 3 and found[1][2] == 7 and found[2][2] == 6, "with a projection, and with an identity"


def test_equal_layers_in_a_row_are_one_box_of_the_whole_but_not_of_a_block():
    assert ("3x3 conv, 512", 3) in [(box.title, box.count) for box in blocks("vgg16")[""].boxes]
    assert titles(blocks("inception_v3")["InceptionA"]).count("3x3 conv, 96") == 2


def test_auxiliary_heads_stand_beside_the_way():
    whole = blocks("googlenet")[""]
    heads = [k for k, title in enumerate(titles(whole)) if title == "AuxiliaryHead"]
    placed = panel("", "", whole).boxes
    way = {round(box.x + box.width / 2) for k, box in enumerate(placed) if k not in heads}
    assert len(heads) == 2 and len(way) == 1 and all(placed[k].x > way.copy().pop() for k in heads)


@pytest.mark.parametrize("name, expected", [
    ("inception_resnet_v2", ("1x1 conv, 320", "x 0.17")),
    ("time_series_fcn", ("mean",)),
    ("fractalnet10", ("+", "/ 2")),
    ("alexnet_2012", ("5x5 conv, 256, 2 groups", "ReLU")),
])
def test_numbers_stand_in_the_box_of_what_they_follow(name, expected):
    boxes = [box for _, _, graph in forms(name) for box in graph.boxes]
    assert expected in [(box.title, *box.notes) for box in boxes]


def test_the_u_is_a_u():
    whole = blocks("unet")[""]
    boxes = panel("", "", whole).boxes
    heights = [box.y for box, kind in zip(boxes, titles(whole)) if kind == "DoubleConv"]
    assert heights[:5] == sorted(heights[:5]) and heights[4:] == sorted(heights[4:], reverse=True)
    left, between, right = ({round(b.x + b.width / 2) for b in boxes if b.box.title == title}
                            for title in ("2x2 max pool /2", "crop", "concat"))
    assert len(left) == len(between) == len(right) == 1 and left.pop() < between.pop() < right.pop()
    crops, joined = ([b.y for b in boxes if b.box.title == title] for title in ("crop", "concat"))
    assert sorted(crops) == sorted(joined), "what is cropped stands beside where it goes"


DRAWN = ["googlenet", "unet", "fcn8s", "xception", "highway10", "fractalnet40", "inception_v3", "fc_densenet56", "c3d", "mlp"]


def within(box, x, y):
    return box.x + 1 < x < box.x + box.width - 1 and box.y + 1 < y < box.y + box.height - 1


@pytest.mark.parametrize("name", DRAWN)
def test_boxes_do_not_overlap_and_no_line_runs_through_one(name):
    for title, path, graph in forms(name):
        drawn = panel(title, path, graph)
        for k, a in enumerate(drawn.boxes):
            assert a.x >= -0.5 and a.x + a.width <= drawn.width + 0.5 and a.y + a.height <= drawn.height + 0.5
            for b in drawn.boxes[:k]:
                apart = (a.x >= b.x + b.width or b.x >= a.x + a.width or a.y >= b.y + b.height or b.y >= a.y + a.height)
                assert apart, f"{title}: {a.lines} over {b.lines}"
        for route in drawn.routes:
            for (ax, ay), (bx, by) in pairwise(route):
                assert abs(ax - bx) < 1 or abs(ay - by) < 1, "lines go along the axes"
                points = [(ax + (bx - ax) * t / 50, ay + (by - ay) * t / 50) for t in range(51)]
                crossed = [box.lines for box in drawn.boxes if any(within(box, x, y) for x, y in points)]
                assert not crossed, f"{title}: a line runs through {crossed}"


def test_lines_that_belong_to_different_boxes_do_not_lie_on_each_other():
    """In the highway layer four links cross one gap, to three boxes."""
    drawn = panel("", "", blocks("highway10")["HighwayLayer"])
    graph = blocks("highway10")["HighwayLayer"]
    across = [(link, round(a[1]), sorted((a[0], b[0]))) for link, route in zip(graph.links, drawn.routes)
              for a, b in pairwise(route) if abs(a[1] - b[1]) < 1]
    assert len(across) > 4
    for (one, y, (left, right)), (other, height, (start, end)) in combinations(across, 2):
        if y == height and one[0] != other[0] and one[1] != other[1]:
            assert right < start or end < left


@pytest.mark.parametrize("name", ["inception_v3", "inception_resnet_v2", "unet", "fc_densenet103", "fcn8s", "vgg16"])
def test_pictures_are_made_for_a_page(name):
    with shapes_only():
        network = models.create(name)
    width, height = draw_network(network, models.entry(name).input, name).size
    assert width <= WIDE and height <= 1700


def test_drawing_takes_no_random_numbers():
    with shapes_only():
        network = models.create("mlp_dropout")
    before = random.get_state()
    trace(network, (1, 28, 28))
    assert random.get_state() == before


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
