"""GoogLeNet as published and with batch norm: modules, local response norms, auxiliary heads, loss, first weights."""

from math import sqrt

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.models.googlenet import TABLE_1, transformed
from tinygrad_cnn.nn import functional as F

from .hashed import symmetric
from .published import meta


def images(*shape):
    return tg.tensor(symmetric("images", shape).astype(np.float32), requires_grad=True)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def calls(network, size):
    """Names of the network's own layers in the order in which they run."""
    names, found = {id(module): name for name, module in network.named_children()}, []
    with nn.watch(lambda module, inputs, out: found.append(names.get(id(module)))), tg.no_grad():
        network(tg.empty(2, 3, size, size, device="meta"))
    return [name for name in found if name]


# ---- the module ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block, size", [(models.ConvReLU, 5), (models.BasicConv2d, 3)])
def test_a_module_is_its_four_branches_side_by_side(block, size):
    module, x = models.InceptionModule(5, 2, 3, 4, 2, 3, 6, block, size).eval(), images(2, 5, 7, 6)

    def conv(branch, x, padding=0):
        return branch.relu(branch.bn(branch.conv(x)) if block is models.BasicConv2d else branch.conv(x))

    with nn.fusion(False):
        parts = [
            conv(module.branch1, x),
            conv(module.branch2[1], conv(module.branch2[0], x)),
            conv(module.branch3[1], conv(module.branch3[0], x)),
            conv(module.branch4[1], F.max_pool2d(x, 3, 1, 1)),
        ]
    assert [part.shape for part in parts] == [(2, channels, 7, 6) for channels in (2, 4, 3, 6)]
    np.testing.assert_allclose(module(x).detach().numpy(), tg.cat(parts, 1).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert module.branch3[1].conv.kernel_size == (size, size) and module.branch2[1].conv.kernel_size == (3, 3)


def test_reductions_save_weights():
    """Module 3a without biases: 163,328 weights, where 1x1, 3x3 and 5x5 alone to the same widths have 387,072."""
    module = models.InceptionModule(*TABLE_1[3][0])
    assert sum(p.numel() for name, p in module.named_parameters() if name.endswith("weight")) == 163_328
    assert sum(192 * outputs * size**2 for outputs, size in ((64, 1), (128, 3), (32, 5))) == 387_072


def test_the_table_fits_together():
    rows = [row for level in TABLE_1.values() for row in level]
    widths = [ch1x1 + ch3x3 + ch5x5 + pool for _, ch1x1, _, ch3x3, _, ch5x5, pool in rows]
    assert len(rows) == 9 and [row[0] for row in rows] == [192, *widths[:-1]] and widths[-1] == 1024


# ---- as published ----------------------------------------------------------------------------------------------------


def test_local_response_norms_stand_behind_the_first_pooling_and_before_the_second():
    network = meta("googlenet_2014", aux_logits=False)
    assert calls(network, 64)[:8] == ["conv1", "pool1", "norm1", "conv2r", "conv2", "norm2", "pool2", "inc3a"]
    for norm in (network.norm1, network.norm2):
        assert (norm.size, norm.alpha, norm.beta, norm.k, norm.average) == (5, 1e-4, 0.75, 1.0, True)


def test_what_was_published_and_what_torchvision_has():
    published, later = meta("googlenet_2014"), meta("googlenet")
    assert (published.pool4.kernel_size, later.maxpool4.kernel_size) == (3, 2)
    assert (published.dropout.p, later.dropout.p) == (0.4, 0.2)
    assert [head.dropout.p for net in (published, later) for head in (net.aux1, net.aux2)] == [0.7] * 4
    assert not any(isinstance(module, nn.BatchNorm2d) for module in published.modules())
    assert all(module.eps == 1e-3 for module in later.modules() if isinstance(module, nn.BatchNorm2d))
    assert all((module.bias is None) != isinstance(network, models.GoogLeNet2014)
               for network in (published, later) for module in network.modules() if isinstance(module, nn.Conv2d))
    weighted = [m for m in meta("googlenet_2014", aux_logits=False).modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    in_a_row = 3 + 9 * 2 + 1  # the longest way: the stem, two convolutions in each module, the classifier
    assert (len(weighted), in_a_row) == (58, 22)


def test_first_weights():
    tg.manual_seed(0)
    caffe = models.googlenet_2014(num_classes=5)
    for name, module in caffe.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = sqrt(3 / nn.init.fans(module.weight)[0])
            assert 0.8 * bound < np.abs(module.weight.detach().numpy()).max() <= bound * (1 + 1e-6), name
            assert (module.bias.detach().numpy() == np.float32(0 if module.out_features == 5 else 0.2)
                    if isinstance(module, nn.Linear) else module.bias.detach().numpy() == np.float32(0.2)).all(), name
    normal, own = models.googlenet(aux_logits=False), models.googlenet(aux_logits=False, init_weights=False)
    weight = normal.inception5b.branch2[1].conv.weight.detach().numpy()
    assert weight.std() == pytest.approx(0.01, rel=0.02) and np.abs(weight).max() > 0.04
    weight = own.inception5b.branch2[1].conv.weight.detach().numpy()
    assert np.abs(weight).max() <= 1 / sqrt(192 * 9) * (1 + 1e-6)


# ---- auxiliary heads -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, prefix", [("googlenet_2014", "inc"), ("googlenet", "inception")])
def test_heads_stand_on_4a_and_4d_and_only_while_training(name, prefix):
    network = meta(name).train()
    order = calls(network, 224)
    assert order[order.index("aux1") - 1] == f"{prefix}4a" and order[order.index("aux2") - 1] == f"{prefix}4d"
    out = network(tg.empty(2, 3, 224, 224, device="meta"))
    assert isinstance(out, models.GoogLeNetOutputs) and out._fields == ("logits", "aux_logits2", "aux_logits1")
    assert all(part.shape == (2, 1000) for part in out)
    evaluated = network.eval()(tg.empty(2, 3, 224, 224, device="meta"))
    assert isinstance(evaluated, tg.Tensor) and not {"aux1", "aux2"} & set(calls(network, 224))
    without = meta(name, aux_logits=False).train()
    assert without.aux1 is None and without.aux2 is None
    assert isinstance(without(tg.empty(2, 3, 224, 224, device="meta")), tg.Tensor)
    heads = [4 * 4 * 128 * 1024 + 1024 + 1024 * 1000 + 1000 + (channels + (1 if name == "googlenet_2014" else 2)) * 128
             for channels in (512, 528)]
    assert parameters(network) - parameters(without) == sum(heads)


def test_a_head_reaches_what_is_below_it_and_nothing_above():
    tg.manual_seed(0)
    network = models.googlenet(num_classes=3)
    network(images(2, 3, 32, 32)).aux_logits1.sum().backward()
    reached = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None}
    assert reached == {"conv1", "conv2", "conv3", "inception3a", "inception3b", "inception4a", "aux1"}


def test_published_heads_refuse_maps_that_do_not_pool_to_4x4():
    network = meta("googlenet_2014").train()
    for size, maps in ((222, "13x13, pooled to 3x3"), (271, "17x17, pooled to 5x5")):
        with pytest.raises(ValueError, match=rf"AuxiliaryHead: input has maps of {maps}, but 4x4 is needed; train on"):
            network(tg.empty(1, 3, size, size, device="meta"))
    for size in (223, 270):
        assert network(tg.empty(1, 3, size, size, device="meta")).aux_logits1.shape == (1, 1000)


def test_the_smallest_images():
    for name, size in (("googlenet_2014", 31), ("googlenet", 15)):
        network = meta(name).eval()
        assert network(tg.empty(1, 3, size, size + 4, device="meta")).shape == (1, 1000)
        with pytest.raises(ValueError, match="max_pool2d: the window spans"):
            network(tg.empty(1, 3, size - 1, size, device="meta"))


# ---- loss ------------------------------------------------------------------------------------------------------------


def test_the_losses_of_the_heads_count_a_third_or_less():
    logits = [tg.tensor(symmetric(f"logits{k}", (4, 3)), requires_grad=True) for k in range(3)]
    target = tg.tensor(np.array([0, 2, 1, 1]))
    main, second, first = (float(F.cross_entropy(part, target).item()) for part in logits)
    three = models.GoogLeNetOutputs(*logits)
    assert models.classification_loss(three, target).item() == pytest.approx(main + 0.3 * (second + first))
    two = models.InceptionOutputs(*logits[:2])
    assert models.classification_loss(two, target).item() == pytest.approx(main + 0.4 * second)
    assert models.classification_loss(logits[0], target).item() == pytest.approx(main)
    assert models.main_logits(three) is models.main_logits(logits[0]) is logits[0]

    def smoothed(output, target):
        return F.cross_entropy(output, target, label_smoothing=0.1)

    main, second = (float(smoothed(part, target).item()) for part in logits[:2])
    assert models.classification_loss(two, target, smoothed).item() == pytest.approx(main + 0.4 * second)
    models.classification_loss(three, target).backward()
    alone = [tg.tensor(part.detach().numpy(), requires_grad=True) for part in logits]
    for part in alone:
        F.cross_entropy(part, target).backward()
    for part, other, weight in zip(logits, alone, (1, 0.3, 0.3)):
        np.testing.assert_allclose(part.grad.numpy(), weight * other.grad.numpy(), rtol=1e-12)


# ---- the transformed input -------------------------------------------------------------------------------------------


def test_images_normalized_for_imagenet_become_images_between_minus_1_and_1():
    pixels = symmetric("pixels", (2, 3, 4, 5)) / 2 + 0.5
    mean, std = (np.array(v).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    found = transformed(tg.tensor((pixels - mean) / std))
    np.testing.assert_allclose(found.numpy(), (pixels - 0.5) / 0.5, atol=1e-12)


@pytest.mark.parametrize("build", [models.googlenet, models.inception_v3])
def test_the_transformation_needs_three_channels(build):
    with pytest.raises(ValueError, match="transform_input is True but in_channels is 1, .*; leave transform_input out"):
        build(in_channels=1, transform_input=True)
