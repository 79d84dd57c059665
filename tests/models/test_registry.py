"""Every network is the published one: parameters, running statistics, multiply-adds, shapes, keys. And the registry."""

import inspect
from copy import deepcopy

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models
from tinygrad_cnn.nn.summary import summary
from tinygrad_cnn.shapes import ShapeError

from .published import KEYS, MISSING, NAMES, PRESENT, ROWS, label, meta, seen

EXACT = [pytest.param(k, id=label(row)) for k, row in enumerate(ROWS) if row["name"] in PRESENT]
KEYED = [pytest.param(k, id=label(row)) for k, row in enumerate(ROWS) if row["name"] in PRESENT and "keys" in row]


def test_no_published_network_is_missing():
    assert len(NAMES) == 79 and MISSING == []


@pytest.mark.parametrize("k", EXACT)
def test_counts(k):
    """Learned numbers, running means and variances, multiply-adds for one input."""
    row, found = ROWS[k], seen(k)
    assert models.entry(row["name"]).input == tuple(row["input"]) or "in_channels" in row["kwargs"]
    assert found.summary.trainable == row["params"]
    statistics = [b.numel() for name, b in found.network.named_buffers() if name.endswith(("running_mean", "running_var"))]
    assert sum(statistics) == row["bn_buffers"]
    assert found.summary.macs == row["macs"]


@pytest.mark.parametrize("k", EXACT)
def test_outputs(k):
    row = ROWS[k]
    several = isinstance(row["output"][0], list)
    assert seen(k).summary.outputs == tuple(map(tuple, row["output"] if several else [row["output"]]))


@pytest.mark.parametrize("k", EXACT)
def test_stages(k):
    """The shapes on the way, in their order; where another library has the network, under its names."""
    row, calls = ROWS[k], iter(seen(k).calls)
    for name, shape in row["stages"]:
        wanted = (name, tuple(shape))
        assert any(call == wanted if "keys" in row else call[1] == wanted[1] for call in calls), f"{name} {shape}"


@pytest.mark.parametrize("k", KEYED)
def test_keys(k):
    """torchvision's and timm's files load as they are: the names, shapes and order of the state_dict are theirs."""
    ours = [(key, list(value.shape)) for key, value in seen(k).network.state_dict().items()]
    assert ours == list(KEYS[ROWS[k]["keys"]].items())


@pytest.mark.parametrize("name", models.list_models())
def test_every_network_takes_classes_and_channels(name):
    network, shape = meta(name, num_classes=7, in_channels=2), models.entry(name).input
    assert all(out[0] == 7 for out in summary(network, (2, *shape[1:])).outputs)


@pytest.mark.parametrize("name", models.list_models())
def test_every_network_has_a_paper_and_a_docstring(name):
    entry = models.entry(name)
    assert 1986 <= entry.paper.year <= 2018 and entry.paper.title and entry.paper.source
    assert entry.build.__doc__ and entry.build.__name__ == name and getattr(models, name) is entry.build


def test_names_are_listed_and_matched():
    assert set(models.list_models()) == set(models.list_models("*")) and models.list_models() == sorted(models.list_models())
    assert models.list_models("mnist_cnn*") == ["mnist_cnn", "mnist_cnn_bn"] and models.list_models("nothing") == []
    assert set(models.list_models("*mlp*")) == {"mlp", "mlp_batchnorm", "mlp_dropout", "mlp_sigmoid_100_100"}


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="models: there is no network 'mnist_cmm'; did you mean 'mnist_cnn'"):
        models.create("mnist_cmm")
    with pytest.raises(ValueError, match=r"there is no network '@@@@'; use one of .*mnist_cnn"):
        models.create("@@@@")


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="register: 'mnist_cnn' is the name of two networks"):
        models.register(input=(1, 28, 28), paper=models.entry("mnist_cnn").paper)(models.mnist_cnn)


@pytest.mark.parametrize("kwargs, error, says", [
    ({"num_class": 3}, TypeError, r"lenet: there is no argument 'num_class'; did you mean 'num_classes'\?"),
    ({"depth": 3}, TypeError, "lenet: there is no argument 'depth'; it takes num_classes, in_channels"),
    ({"num_classes": 0}, ValueError, "lenet: num_classes is 0 but a whole number of at least 1 is needed"),
    ({"num_classes": True}, ValueError, "lenet: num_classes is True but"),
    ({"in_channels": 1.5}, ValueError, "lenet: in_channels is 1.5 but"),
])
def test_wrong_arguments_are_one_sentence(kwargs, error, says):
    for build in (models.lenet, lambda **k: models.create("lenet", **k)):
        with pytest.raises(error, match=says) as raised:
            build(**kwargs)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kwargs, shape, says", [
    ({}, (2, 1, 32, 32), r"lenet: the input has shape \(2, 1, 32, 32\) but the network is made for \(n, 1, 28, 28\); resize it "
                         r"to 28x28 \(linear: input \(2, 1250\)"),
    ({}, (2, 3, 28, 28), "give 1 channel, or build it with in_channels=3 "),
    ({"in_channels": 3}, (2, 1, 28, 28), r"made for \(n, 3, 28, 28\); give 3 channels, or build it with in_channels=1 "),
    ({}, (1, 28, 28), r"put the axis of samples in front, x.unsqueeze\(0\) "),
    ({}, (1, 1, 1, 28, 28), "give as many axes "),
])
def test_a_network_says_what_it_takes(kwargs, shape, says):
    network = models.create("lenet", **kwargs)
    for given in (tg.zeros(shape), tg.zeros(shape, requires_grad=True)):
        with pytest.raises(ShapeError, match=says) as raised:
            network(given)
        assert "\n" not in str(raised.value) and isinstance(raised.value.__cause__, ShapeError)


def test_inputs_of_the_right_shape_are_not_to_blame():
    with pytest.raises(ShapeError, match="^batch_norm: input"):
        models.create("mlp_batchnorm")(tg.zeros(1, 1, 28, 28))
    with pytest.raises(ShapeError, match="^lenet: the input has shape"):
        deepcopy(models.lenet())(tg.zeros(1, 1, 8, 8))
    with pytest.raises(ShapeError, match="^linear: input"):
        models.lenet().ip2(tg.zeros(1, 8))


def test_arguments_that_are_passed_on_are_known_too():
    """Builders of one class hand `kwargs` to it; help() shows them all the same."""
    with pytest.raises(TypeError, match=r"resnet18: there is no argument 'num_class'; did you mean 'num_classes'\?"):
        models.resnet18(num_class=3)
    shown = inspect.signature(models.resnet18).parameters
    assert "num_classes" in shown and "in_channels" in shown and "kwargs" not in shown


def test_arguments_may_stand_in_order():
    assert models.lenet(7).ip2.out_features == 7
    with pytest.raises(TypeError, match="lenet: too many positional arguments; it takes num_classes, in_channels"):
        models.lenet(1, 2, 3)
