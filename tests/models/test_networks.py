"""What every network does: gradients reach each parameter, it learns, repeats itself, and survives files and dtypes."""

import re
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, optim
from tinygrad_cnn.nn import functional as F

from .published import FILES, MACS, meta

LIGHT = 3e8


class Small(NamedTuple):
    """The smallest network of a family, an input that it takes quickly, and steps of Adam in which it learns eight."""

    name: str
    kwargs: dict
    input: tuple
    steps: int
    lr: float = 1e-3


EIGHT = {"num_classes": 8}
FAMILIES = [
    Small("softmax_regression", {}, (1, 28, 28), 30, 1e-2),
    Small("mlp", {}, (1, 28, 28), 20),
    Small("mlp_dropout", {}, (1, 28, 28), 60),
    Small("mlp_batchnorm", {}, (1, 28, 28), 30, 1e-2),
    Small("mlp_sigmoid_100_100", {}, (1, 28, 28), 60, 1e-2),
    Small("lenet", {}, (1, 28, 28), 20),
    Small("mnist_cnn", {}, (1, 28, 28), 40),
    Small("alexnet", {**EIGHT, "dropout": 0.0}, (3, 64, 64), 40, 2e-4),
    Small("vgg11", {**EIGHT, "dropout": 0.0}, (3, 32, 32), 20, 1e-4),
    Small("googlenet", {**EIGHT, "dropout": 0.0, "dropout_aux": 0.0}, (3, 64, 64), 15),
    Small("inception_v3", {**EIGHT, "dropout": 0.0, "aux_logits": False}, (3, 75, 75), 15),
    Small("inception_v4", {**EIGHT, "drop_rate": 0.0}, (3, 75, 75), 15),
    Small("xception", {**EIGHT, "drop_rate": 0.0}, (3, 32, 32), 12),
    Small("cifar_resnet20", {}, (3, 16, 16), 20),
    Small("cifar_preresnet110", EIGHT, (3, 16, 16), 30),
    Small("cifar_resnet110_stochastic_depth", {}, (3, 16, 16), 30, 3e-3),
    Small("highway10", {}, (1, 28, 28), 60, 3e-3),
    Small("highway_conv_w16", {}, (1, 28, 28), 60, 3e-3),
    Small("fractalnet10", {**EIGHT, "drop_path": 0.0, "global_drop_path": 0.0, "dropouts": (0.0,) * 5}, (3, 32, 32), 20),
    Small("cifar_densenet_bc40_k12", {}, (3, 16, 16), 20),
    Small("fcn32s", {"num_classes": 3, "width": 4, "hidden": 32, "dropout": 0.0}, (3, 32, 32), 60, 3e-3),
    Small("unet", {"width": 8, "depth": 2, "padding": 1, "dropout": 0.0}, (1, 16, 16), 80, 3e-3),
    Small("fc_densenet56", {"num_classes": 3, "drop_rate": 0.0}, (3, 32, 32), 30),
    Small("time_series_fcn", EIGHT, (1, 64), 30, 3e-3),
    Small("r3d_18", EIGHT, (3, 4, 16, 16), 10),
]
REAL = [name for name in models.list_models() if MACS.get(name, LIGHT) < LIGHT]


def tensors(out):
    """The results of a network, one or several."""
    return [out] if isinstance(out, tg.Tensor) else [x for x in out if x is not None]


def loss_of(outs):
    """Cross-entropy of every result with classes that differ from sample to sample."""
    return sum(F.cross_entropy(out, classes(out.shape)) for out in outs)


def classes(shape):
    samples = np.arange(shape[0]).reshape(-1, *(1,) * (len(shape) - 2))
    return tg.tensor(np.broadcast_to(samples % shape[1], (shape[0], *shape[2:])).copy())


def trained(network):
    """(path, parameter) of all but the frozen parameters."""
    return [(path, p) for path, p in network.named_parameters() if p.requires_grad]


def unreached(network):
    """Parameters without a finite gradient."""
    return [path for path, p in trained(network) if p.grad is None or not np.isfinite(p.grad.numpy()).all()]


@pytest.mark.parametrize("name", models.list_models())
def test_gradients_have_the_shapes_of_the_parameters(name):
    network = meta(name).train()
    x = tg.empty(2, *models.entry(name).input, device="meta", requires_grad=True)
    sum(out.sum() for out in tensors(network(x))).backward()
    assert x.grad.shape == x.shape
    assert [path for path, p in trained(network) if p.grad is None or p.grad.shape != p.shape] == []


@pytest.mark.parametrize("name", REAL)
def test_gradients_are_finite(name):
    tg.manual_seed(0)
    network = models.create(name)
    loss_of(tensors(network(tg.randn(2, *models.entry(name).input)))).backward()
    # A stochastic depth or a drop-path may leave a block out.
    skipped = {path for path, p in trained(network) if p.grad is None}
    assert set(unreached(network)) == skipped and (not skipped or re.search("stochastic|fractal", name))
    assert any(p.grad is not None and p.grad.numpy().any() for p in network.parameters())


@pytest.mark.parametrize("name", models.list_models())
def test_one_sample_of_an_odd_size_works_or_is_refused_in_a_sentence(name):
    shape = models.entry(name).input
    x = tg.empty(1, shape[0], *(n + 1 + n % 2 for n in shape[1:]), device="meta")
    try:
        assert all(out.shape[0] == 1 for out in tensors(meta(name)(x)))
    except ValueError as refusal:
        assert re.fullmatch(f"{name}: [^\n]+; [^\n]+", str(refusal))


class Case(NamedTuple):
    """A network that was made once for all the tests of its family, and eight images."""

    small: Small
    network: object
    x: object


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda small: small.name)
def case(request):
    tg.manual_seed(0)
    network = models.create(request.param.name, **request.param.kwargs)
    return Case(request.param, network, tg.randn(8, *request.param.input))


def test_it_learns_eight_images_by_heart(case):
    optimizer = optim.Adam(case.network.train().parameters(), lr=case.small.lr)
    for _ in range(case.small.steps):
        outs = tensors(case.network(case.x))
        answers = outs[0].detach().numpy()
        if (answers.argmax(1) == classes(answers.shape).numpy()).mean() > 0.98:
            break
        optimizer.zero_grad()
        loss_of(outs).backward()
        optimizer.step()
    else:
        pytest.fail(f"{case.small.steps} steps were too few")
    assert unreached(case.network) == [] or "stochastic" in case.small.name


def test_evaluation_repeats_itself_whatever_stands_beside(case):
    case.network.eval()
    with tg.no_grad():
        both, again, alone = (case.network(samples).numpy() for samples in (case.x[:2], case.x[:2], case.x[:1]))
    assert (both == again).all()
    np.testing.assert_allclose(alone, both[:1], rtol=1e-3, atol=1e-3 * np.abs(both).max())


def test_weights_survive_a_file(case, tmp_path):
    tg.save_weights(case.network, tmp_path / "w.safetensors")
    other = models.create(case.small.name, **case.small.kwargs)
    tg.load_weights(other, tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").unlink()
    with tg.no_grad():
        assert (case.network.eval()(case.x[:1]).numpy() == other.eval()(case.x[:1]).numpy()).all()


def test_double_precision(case):
    with tg.no_grad():
        single = case.network.eval()(case.x[:1]).numpy()
        double = case.network.double()(case.x[:1].double()).numpy()
    case.network.float()
    assert double.dtype == np.float64
    np.testing.assert_allclose(single, double, rtol=1e-2, atol=1e-3 * np.abs(double).max())


def test_every_family_is_there():
    """A file of the package is a family."""
    assert {models.entry(small.name).build.__module__ for small in FAMILIES} == FILES
