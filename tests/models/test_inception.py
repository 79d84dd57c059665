"""Inception v3, v4 and Inception-ResNet-v2: what upstream makes of the same weights, blocks alone, residual scaling."""

import json
from math import prod
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn

from .hashed import symmetric, weights
from .published import meta

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "inception.json").read_text())
AGAIN = "run `python -m tests.golden.make_inception` again"


def hashed(name, **kwargs):
    """The network with hashed weights, in evaluation mode and double precision."""
    network = models.create(name, **kwargs).double().eval()
    network.load_state_dict(weights({key: value.shape for key, value in network.state_dict().items()}))
    return network


def maps(*shape):
    return tg.tensor(symmetric("maps", shape).astype(np.float32), requires_grad=True)


def numbers(x):
    return x.detach().numpy()


# ---- torchvision's and timm's definitions, the same weights ----------------------------------------------------------


@pytest.mark.parametrize("row", GOLDEN["networks"], ids=lambda row: row["name"])
def test_outputs_and_gradients_are_upstreams(row):
    """Logits, and every thousandth input gradient, on images of odd sizes: eps, padding, ceiling, counted padding."""
    network = hashed(row["name"], **row["kwargs"])
    x = tg.tensor(symmetric("images", row["input"]), requires_grad=True)
    out = network(x)
    np.testing.assert_allclose(numbers(out), row["logits"], rtol=1e-9, err_msg=AGAIN)
    (out * tg.tensor(symmetric("gradient", out.shape))).sum().backward()
    size = np.abs(row["gradient"]).max()
    np.testing.assert_allclose(x.grad.numpy().ravel()[::1009], row["gradient"], atol=1e-9 * size, err_msg=AGAIN)
    with tg.no_grad():
        single = network.float()(tg.tensor(x.detach().numpy().astype(np.float32)))
    assert np.abs(single.numpy() - row["logits"]).max() < 1e-4 * np.abs(row["logits"]).max()


@pytest.mark.parametrize("row", GOLDEN["heads"], ids=lambda row: f"{row['name']}.{row['head']}")
def test_auxiliary_heads_are_upstreams(row):
    head = hashed(row["name"], num_classes=6, init_weights=False).get_submodule(row["head"])
    out = head(tg.tensor(symmetric("maps", row["input"])))
    np.testing.assert_allclose(numbers(out), row["logits"], rtol=1e-9, err_msg=AGAIN)


# ---- blocks alone ----------------------------------------------------------------------------------------------------

KEEPING = [
    (models.InceptionA, (20, 7), 231), (models.InceptionC, (20, 6), 768), (models.InceptionE, (20,), 2048),
    (models.InceptionV4A, (), 384), (models.InceptionV4B, (), 1024), (models.InceptionV4C, (), 1536),
    (models.Block35, (0.17,), 320), (models.Block17, (0.1,), 1088), (models.Block8, (0.2,), 2080),
]
HALVING = [
    (models.InceptionB, (20,), 500), (models.InceptionD, (20,), 532),
    (models.ReductionA, (20, 4, 5, 6, 7), 33), (models.ReductionB, (), 1536),
]


@pytest.mark.parametrize("block, arguments, channels", KEEPING + HALVING, ids=lambda value: getattr(value, "__name__", ""))
def test_blocks_work_alone(block, arguments, channels):
    module = block(*arguments).eval()
    inputs = next(p.shape[1] for p in module.parameters() if len(p.shape) == 4)
    keeps = (block, arguments, channels) in KEEPING
    out = module(maps(2, inputs, 7, 5))
    assert out.shape == ((2, channels, 7, 5) if keeps else (2, channels, 3, 2))
    out.sum().backward()
    assert all(p.grad is not None for p in module.parameters())


def test_large_filters_in_parts_have_fewer_weights():
    """Two 3x3 for a 5x5: 18 weights instead of 25; 1x7 and 7x1 for a 7x7: 14 instead of 49."""
    block = models.InceptionA(8, 1)
    in_parts = [block.branch3x3dbl_2.conv, block.branch3x3dbl_3.conv]
    assert sum(prod(conv.kernel_size) for conv in in_parts) == 18 and block.branch5x5_2.conv.kernel_size == (5, 5)
    block = models.InceptionC(8, 4)
    assert [conv.conv.kernel_size for conv in (block.branch7x7_2, block.branch7x7_3)] == [(1, 7), (7, 1)]
    assert [conv.conv.padding for conv in (block.branch7x7_2, block.branch7x7_3)] == [(0, 3), (3, 0)]


def test_padding_counts_in_the_means_of_v3_and_not_in_those_of_v4():
    pools = {name: {m.count_include_pad for m in meta(name).modules() if isinstance(m, nn.AvgPool2d) and m.padding}
             for name in ("inception_v3", "inception_v4", "inception_resnet_v2")}
    assert pools == {"inception_v3": {True}, "inception_v4": {False}, "inception_resnet_v2": {False}}


def test_batch_norm_everywhere_but_on_the_sum():
    for name in ("inception_v3", "inception_v4", "inception_resnet_v2"):
        network = meta(name)
        plain = {path for path, m in network.named_modules() if isinstance(m, nn.Conv2d) and m.bias is not None}
        residual = {f"{path}.conv2d" for path, m in network.named_modules() if isinstance(m, models.ScaledResidual)}
        assert plain == residual and len(residual) == (40 if name == "inception_resnet_v2" else 0)
        assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}


# ---- residual scaling ------------------------------------------------------------------------------------------------


def test_a_residual_block_adds_a_scaled_part_to_its_input():
    tg.manual_seed(0)
    block, x = models.Block35(scale=0.17, relu=False).eval(), maps(1, 320, 5, 4)
    part = numbers(block(x)) - numbers(x)
    block.scale = 1.0
    np.testing.assert_allclose(part, 0.17 * (numbers(block(x)) - numbers(x)), atol=1e-6)
    assert np.abs(part).max() > 1e-3
    block.scale = 0.0
    assert (numbers(block(x)) == numbers(x)).all()
    block.act = nn.ReLU()
    assert (numbers(block(x)) == np.maximum(numbers(x), 0)).all()


def test_scales_and_the_last_block_without_relu():
    network = meta("inception_resnet_v2")
    blocks = [(network.repeat, 10, 0.17), (network.repeat_1, 20, 0.10), (network.repeat_2, 9, 0.20)]
    for stage, count, scale in blocks:
        assert [block.scale for block in stage] == [scale] * count
        assert all(isinstance(block.act, nn.ReLU) for block in stage)
    assert network.block8.scale == 1.0 and isinstance(network.block8.act, nn.Identity)


# ---- the auxiliary head of v3, arguments -----------------------------------------------------------------------------


def test_the_head_of_v3_stands_on_6e_and_only_while_training():
    network = meta("inception_v3").train()
    x = tg.empty(2, 3, 299, 299, device="meta")
    names, order = {id(module): name for name, module in network.named_children()}, []
    with nn.watch(lambda module, inputs, out: order.append(names.get(id(module)))):
        out = network(x)
    order = [name for name in order if name]
    assert order[order.index("AuxLogits") - 1:][:3] == ["Mixed_6e", "AuxLogits", "Mixed_7a"]
    assert isinstance(out, models.InceptionOutputs) and out._fields == ("logits", "aux_logits")
    assert isinstance(network.eval()(x), tg.Tensor)
    assert isinstance(meta("inception_v3", aux_logits=False).train()(x), tg.Tensor)
    with pytest.raises(ValueError, match=r"InceptionAux: input has maps of 16x16 but 17x17 are the smallest; train on"):
        network.train()(tg.empty(2, 3, 298, 298, device="meta"))


def test_first_weights_of_v3():
    tg.manual_seed(0)
    network = models.inception_v3()
    found = [numbers(layer.weight).std() for layer in
             (network.Mixed_7c.branch3x3dbl_2.conv, network.AuxLogits.conv1.conv, network.AuxLogits.fc)]
    assert found == pytest.approx([0.1, 0.01, 0.001], rel=0.02)


def test_dropout_is_the_papers():
    for name, layer, p in (("inception_v3", "dropout", 0.5), ("inception_v4", "head_drop", 0.2),
                           ("inception_resnet_v2", "head_drop", 0.2)):
        assert meta(name).get_submodule(layer).p == p
        assert meta(name, **{layer.replace("head_drop", "drop_rate"): 0.75}).get_submodule(layer).p == 0.75


@pytest.mark.parametrize("name", ["inception_v3", "inception_v4", "inception_resnet_v2"])
def test_the_smallest_images(name):
    network = meta(name).eval()
    assert network(tg.empty(1, 3, 75, 80, device="meta")).shape == (1, 1000)
    with pytest.raises(ValueError, match="the window spans 3 but the padded input only 2"):
        network(tg.empty(1, 3, 74, 80, device="meta"))
