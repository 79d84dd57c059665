"""Sequential, ModuleList, ModuleDict, and parameters in lists and dictionaries."""

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


def test_modules_are_inserted_and_taken_out():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert net.insert(1, nn.Tanh()) is net and [type(m).__name__ for m in net] == ["Linear", "Tanh", "ReLU", "Linear"]
    del net[1:3]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert isinstance(net.pop(-1), nn.Linear) and len(net) == 1
    net += nn.Sequential(nn.Sigmoid())
    assert len(net + nn.Sequential(nn.ReLU())) == 3 and len(net) == 2
    with pytest.raises(IndexError, match="Sequential: index 5 lies outside of 2 modules; use -2 to 2"):
        net.insert(5, nn.ReLU())
    with pytest.raises(AssertionError, match="Sequential.insert: module is a int; give a Module"):
        net.insert(0, 3)
    with pytest.raises(ValueError, match="Sequential: a list cannot be added; give a Sequential"):
        net + [nn.ReLU()]
    assert nn.ModuleList(net).insert(0, nn.ReLU()) is None


def test_a_sequential_times_a_number_has_its_modules_again():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    assert len(net * 2) == len(3 * net) - 2 == 4 and (net * 2)[2] is net[0] and len(net) == 2
    net *= 2
    assert len(net) == 4 and net[3] is net[1]
    for times, error in ((0, ValueError), ("a", TypeError)):
        with pytest.raises(error, match="Sequential: it is multiplied by"):
            net * times


def test_a_part_of_a_list_counts_anew_and_equal_neighbors_print_once():
    layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert [name for name, _ in layers[1:].named_children()] == ["0", "1"]
    layers.append(nn.ReLU())
    assert repr(layers) == """ModuleList(
  (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
  (3): ReLU()
)"""


def test_a_dictionary_of_modules():
    heads = nn.ModuleDict({"a": nn.Linear(2, 2)})
    heads["b"] = nn.ReLU()
    heads.update([("a", nn.Tanh())])
    assert list(heads) == list(heads.keys()) == ["a", "b"] and "a" in heads and len(heads) == 2
    assert isinstance(heads["a"], nn.Tanh) and [type(m) for m in heads.values()] == [nn.Tanh, nn.ReLU]
    assert isinstance(heads.pop("a"), nn.Tanh) and next(iter(heads.items()))[0] == "b"
    for refused in (heads.__getitem__, heads.__delitem__):
        with pytest.raises(KeyError):
            refused("a")
    with pytest.raises(TypeError, match="ModuleDict: modules is a int"):
        nn.ModuleDict(3)
    heads.clear()
    assert not len(heads)


def test_parameters_in_lists_and_dictionaries():
    net = nn.Module()
    net.list = nn.ParameterList([tg.ones(2), nn.Parameter(tg.zeros(3))])
    net.list += [tg.zeros(1)]
    net.list[0] = tg.ones(4)
    net.dict = nn.ParameterDict({"w": tg.ones(2)})
    net.dict["v"] = tg.ones(1)
    assert [(name, p.shape) for name, p in net.named_parameters()] == [
        ("list.0", (4,)), ("list.1", (3,)), ("list.2", (1,)), ("dict.w", (2,)), ("dict.v", (1,))]
    assert len(net.list[1:]) == 2 and isinstance(net.list[-1], nn.Parameter) and "w" in net.dict
    assert list(net.dict) == list(net.dict.keys()) and net.dict.get("u") is None and len(list(net.dict.values())) == 2
    assert net.dict.pop("v").shape == (1,) and [name for name, _ in net.dict.items()] == ["w"]
    net.dict.clear()
    assert not len(net.dict) and "(2): Parameter containing: [float32 of size 1]" in repr(net.list)
    with pytest.raises(TypeError, match="ParameterList: values is a Tensor"):
        nn.ParameterList(tg.ones(2))


def test_what_is_no_parameter_may_stand_among_them():
    values = nn.ParameterList([tg.ones(2), "text"])
    assert values[1] == "text" and len(values) == 2 and list(values.state_dict()) == ["0"]
    names = nn.ParameterDict({"b": tg.ones(1), "a": 3})
    assert list(names) == ["a", "b"] and list(reversed(names)) == ["b", "a"] and list(names.state_dict()) == ["b"]
    assert names.setdefault("c", tg.ones(4)).shape == (4,) and list(names | {"d": 1}) == ["a", "b", "c", "d"]
    assert names.popitem()[0] == "c" and list(names.copy()) == ["a", "b"] and list(names.fromkeys("xy", 1)) == ["x", "y"]
    with pytest.raises(RuntimeError, match="ParameterDict: it is called but holds parameters only"):
        names()


def test_unflatten_undoes_flatten():
    x = tg.arange(24).reshape(2, 3, 4)
    assert nn.Unflatten(1, (3, -1))(nn.Flatten()(x)).tolist() == x.tolist()
    assert repr(nn.Unflatten(1, (3, 4))) == "Unflatten(dim=1, unflattened_size=(3, 4))"
    with pytest.raises(TypeError, match="Unflatten: unflattened_size is 3; give a tuple"):
        nn.Unflatten(1, 3)
