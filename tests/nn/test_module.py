"""Module: attributes, the walk over the tree, modes, moving, printing."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.second = nn.Linear(3, 2)
        self.scale = nn.Parameter(tg.ones(2))
        self.first = nn.Sequential(nn.Conv1d(1, 3, 1), nn.BatchNorm1d(3))
        self.register_buffer("count", tg.tensor(7))
        self.register_buffer("cache", tg.zeros(2), persistent=False)
        self.size = 5

    def forward(self, x):
        return self.second(self.first(x).mean(2)) * self.scale


def test_members_come_in_the_order_of_assignment():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == [
        "scale", "second.weight", "second.bias", "first.0.weight", "first.0.bias", "first.1.weight", "first.1.bias"]
    assert [name for name, _ in net.named_buffers()] == [
        "count", "cache", "first.1.running_mean", "first.1.running_var", "first.1.num_batches_tracked"]
    assert [name for name, _ in net.named_modules()] == ["", "second", "first", "first.0", "first.1"]
    assert [name for name, _ in net.named_children()] == ["second", "first"]
    assert len(list(net.parameters(recurse=False))) == 1 and len(list(net.buffers(recurse=False))) == 2
    assert net.get_submodule("first.1") is net.first[1] and net.get_submodule("") is net


def test_tied_weights_are_listed_once_and_saved_under_both_names():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 3
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    layer = nn.ReLU()
    assert len(nn.Sequential(layer, layer)) == 2 and len(list(nn.Sequential(layer, layer).modules())) == 2


def test_a_misspelt_attribute_is_named_with_the_nearest():
    with pytest.raises(AttributeError, match="'Net' has no attribute 'secnd'; did you mean 'second'"):
        _ = Net().secnd
    with pytest.raises(AttributeError, match="'relu' in 'relu' is a method; name a Module"):
        _ = _WithMethod().get_submodule("relu")


class _WithMethod(nn.Module):
    def relu(self):
        """Not a module."""


def test_a_parameter_cannot_become_a_plain_tensor_unnoticed():
    net = Net()
    with pytest.raises(TypeError, match="scale is a Parameter and cannot become a Tensor; assign a Parameter or None"):
        net.scale = tg.ones(2)
    with pytest.raises(TypeError, match="second is a Linear"):
        net.second = 3
    with pytest.raises(TypeError, match="count"):
        net.count = 3
    net.scale, net.second = None, nn.Identity()
    net.count = tg.tensor(8)
    assert next(net.named_parameters())[0] == "first.0.weight"
    assert net.state_dict()["count"].item() == 8


def test_names_that_cannot_be_registered():
    net = nn.Module()
    for name in ("", "a.b", "forward", "train"):
        with pytest.raises(KeyError, match="cannot name"):
            net.register_buffer(name, tg.zeros(1))
    with pytest.raises(TypeError, match="give a Parameter or None"):
        net.register_parameter("w", tg.zeros(1))
    net.register_parameter("bias", None)
    assert net.bias is None and net.state_dict() == {}


def test_calling_a_module_without_forward_says_what_to_write():
    with pytest.raises(NotImplementedError, match="Module: forward is not defined"):
        nn.Module()(tg.zeros(1))


def test_modes_reach_all_modules():
    net = Net()
    assert net.training and not net.eval().training
    assert not any(m.training for m in net.modules())
    net.first.train()
    assert [m.training for m in net.modules()] == [False, False, True, True, True]


def test_apply_goes_from_the_leaves_to_the_root():
    seen = []
    net = Net()
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "Conv1d", "BatchNorm1d", "Sequential", "Net"]


def test_freezing_and_zeroing():
    net = nn.Linear(2, 1)
    net(tg.ones(1, 2)).sum().backward()
    assert net.weight.grad is not None
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0, 0]]
    net.zero_grad()
    assert net.weight.grad is None
    assert net.requires_grad_(False) is net and not any(p.requires_grad for p in net.parameters())
    assert not net(tg.ones(1, 2)).requires_grad


def test_moving_keeps_the_objects_and_leaves_integers_alone():
    net = Net()
    weight = net.second.weight
    assert net.to(tg.float64) is net and net.second.weight is weight
    assert weight.dtype == tg.float64 and net.first[1].running_var.dtype == tg.float64
    assert net.count.dtype == tg.int64
    assert net.float().cpu().double() is net and weight.dtype == tg.float64
    net.to("meta", tg.float32)
    assert weight.device == "meta" and net.count.device == "meta" and weight.dtype == tg.float32
    with pytest.raises(TypeError, match=r"Net.to: dtype is int64 but parameters are floating"):
        net.to(tg.int64)


def test_gradients_move_with_their_parameters():
    net = nn.Linear(2, 1)
    net(tg.ones(1, 2)).sum().backward()
    net.to(tg.float64)
    assert net.weight.grad.dtype == tg.float64


def test_a_copy_is_independent():
    net = nn.Linear(2, 2)
    twin = copy.deepcopy(net)
    with tg.no_grad():
        twin.weight.zero_()
    assert np.abs(net.weight.detach().numpy()).sum() > 0 and isinstance(twin.weight, nn.Parameter)


def test_repr_is_pytorchs():
    assert repr(Net()) == """Net(
  (second): Linear(in_features=3, out_features=2, bias=True)
  (first): Sequential(
    (0): Conv1d(1, 3, kernel_size=(1,), stride=(1,))
    (1): BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
  )
)"""
    assert repr(nn.ModuleList()) == "ModuleList()"
    assert repr(nn.ReLU(inplace=True)) == "ReLU(inplace=True)"
    assert repr(nn.Parameter(tg.ones(1))) == "Parameter containing:\ntensor([1.], requires_grad=True)"


def test_a_watcher_sees_every_call_innermost_first():
    seen = []
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    with nn.watch(lambda module, inputs, out: seen.append((type(module).__name__, inputs[0].shape, out.shape))):
        net(tg.zeros(4, 2))
    net(tg.zeros(4, 2))
    assert seen == [("Linear", (4, 2), (4, 3)), ("ReLU", (4, 3), (4, 3)), ("Sequential", (4, 2), (4, 3))]


def test_members_by_path():
    net = Net()
    assert net.get_parameter("second.weight") is net.second.weight and net.get_buffer("count") is net.count
    with pytest.raises(AttributeError, match="'count' is no parameter; see named_parameters"):
        net.get_parameter("count")
    with pytest.raises(AttributeError, match="'scale' is no buffer"):
        net.get_buffer("scale")
    tied = nn.Sequential(net.second, net.second)
    assert len(list(tied.named_parameters())) == 2 and len(list(tied.named_parameters(remove_duplicate=False))) == 4
    memo = {net.first}
    assert [name for name, _ in net.named_modules(memo, "net")] == ["net", "net.second", "net.first.0", "net.first.1"]


def test_what_is_taken_or_deleted():
    net = Net()
    with pytest.raises(KeyError, match="'scale' cannot name a Tensor"):
        net.register_buffer("scale", tg.zeros(1))
    with pytest.raises(TypeError):
        net.register_buffer(3, tg.zeros(1))
    del net.count
    net.count = 3
    assert "count" not in net.state_dict()
    with pytest.raises(ValueError, match="Net.train: mode is 'on' but a bool is needed"):
        net.train("on")
    with pytest.raises(NotImplementedError, match="Net.half: dtype is float16"):
        net.half()


def test_a_module_survives_a_pickle():
    net = Net().eval()
    again = pickle.loads(pickle.dumps(net))
    assert isinstance(again.scale, nn.Parameter) and again.scale.requires_grad and not again.training
    assert again.second.weight.tolist() == net.second.weight.tolist() and "cache" not in again.state_dict()


def test_a_parameter_alone():
    assert nn.Parameter().shape == (0,)
    frozen = copy.deepcopy(nn.Parameter(tg.ones(2), requires_grad=False))
    assert isinstance(frozen, nn.Parameter) and not frozen.requires_grad


def test_parts_before_init_are_refused():
    class Early(nn.Module):
        def __init__(self, assign):
            assign(self)

    for assign in (lambda m: setattr(m, "p", nn.Parameter(tg.ones(1))), lambda m: setattr(m, "m", nn.ReLU()),
                   lambda m: m.register_buffer("b", tg.ones(1))):
        with pytest.raises(AttributeError, match=r"Early: .* is assigned before Module.__init__\(\) is called"):
            Early(assign)


def test_extra_lines_are_indented():
    class Talkative(nn.Module):
        def extra_repr(self):
            return "one\ntwo"

    assert repr(Talkative()) == "Talkative(\n  one\n  two\n)"


def test_modules_are_counted_again_on_demand():
    layer = nn.ReLU()
    assert len(list(nn.Sequential(layer, layer).modules(remove_duplicate=False))) == 3
