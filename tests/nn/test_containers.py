"""Sequential and ModuleList."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


def test_sequential_is_a_list_of_modules():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(net) == 3 and net[-1] is net[2] and [type(m) for m in net] == [nn.Linear, nn.ReLU, nn.Linear]
    part = net[1:]
    assert isinstance(part, nn.Sequential) and part[1] is net[2] and list(part.state_dict()) == ["2.weight", "2.bias"]
    net[1] = nn.Tanh()
    assert net.append(nn.Sigmoid()) is net and repr(net[3]) == "Sigmoid()"
    assert net(tg.zeros(4, 2)).shape == (4, 1)


def test_sequential_takes_names():
    net = nn.Sequential({"conv": nn.Conv2d(1, 2, 3), "relu": nn.ReLU()})
    assert list(net.state_dict()) == ["conv.weight", "conv.bias"] and net.conv is net[0]


def test_sequential_refuses_what_is_no_module():
    with pytest.raises(TypeError, match="Sequential: 1 is a function; give a Module or None"):
        nn.Sequential(nn.ReLU(), lambda x: x)


def test_an_empty_sequential_is_the_identity():
    x = tg.ones(2)
    assert nn.Sequential()(x) is x


def test_module_list_holds_modules_but_cannot_be_called():
    layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert len(layers) == 3 and len(list(layers.parameters())) == 6 and isinstance(layers[:2], nn.ModuleList)
    with pytest.raises(NotImplementedError, match="ModuleList: forward is not defined"):
        layers(tg.zeros(1, 2))
