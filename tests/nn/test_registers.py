"""PyTorch's ways into a module: its dictionaries, state hooks, places of layers, and the wrapper for several GPUs."""

import pytest
import tinygrad_cnn.nn.modules.batchnorm

import tinygrad_cnn as tg
from tinygrad_cnn import nn


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2))


def test_dictionaries_of_the_parts():
    net = network()
    assert list(net._modules) == ["0", "1"] and list(net[0]._parameters) == ["weight"] and net[0]._parameters["bias"] is None
    assert list(net[1]._buffers) == ["running_mean", "running_var", "num_batches_tracked"] and len(net._modules) == 2
    net._modules["1"] = nn.ReLU()
    assert type(net[1]) is nn.ReLU and "1" in net._modules and "ReLU" in repr(net._modules)
    del net._modules["1"]
    assert len(net) == 1
    net[0]._parameters["weight"] = nn.Parameter(tg.ones(2, 1, 3, 3))
    assert net[0].weight.sum() == 18
    net.set_submodule("0", nn.Identity(), strict=True)
    assert type(net[0]) is nn.Identity
    with pytest.raises(AttributeError):
        net.set_submodule("5", nn.Identity(), strict=True)


def test_places_of_layers():
    assert isinstance(nn.BatchNorm2d(1), nn.modules.batchnorm._BatchNorm) and nn.modules.conv.Conv2d is nn.Conv2d
    assert isinstance(nn.Conv1d(1, 1, 1), nn.modules.conv._ConvNd) and nn.modules.Linear is nn.Linear
    assert tinygrad_cnn.nn.modules.batchnorm is nn.modules.batchnorm and nn.modules.utils._pair(3) == (3, 3)
    assert nn.modules.utils._triple((1, 2, 3)) == (1, 2, 3) and isinstance(nn.MSELoss(), nn.modules.loss._Loss)


def test_state_hooks():
    net, seen = network(), []
    net.register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append(prefix))
    net[1].register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update({prefix + "extra": tg.ones(1)}))
    state = net.state_dict(prefix="net.")
    assert list(state)[-1] == "net.1.extra" and seen == ["net."]
    net[1].register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: state.pop(prefix + "extra"))
    net.register_load_state_dict_post_hook(lambda module, result: seen.append(result))
    given = net.state_dict()
    fresh = network()
    fresh[1]._register_load_state_dict_pre_hook(lambda state, prefix, *rest: state.pop(prefix + "extra"))
    assert repr(fresh.load_state_dict(given)) == "<All keys matched successfully>" and "1.extra" in given


def test_what_a_state_hook_returns():
    net = network()
    with (net.register_state_dict_post_hook(lambda module, state, prefix, metadata: state),
          pytest.raises(RuntimeError, match="Sequential: a state_dict post-hook returned a OrderedDict; change")):
        net.state_dict()
    net._register_state_dict_hook(lambda module, state, prefix, metadata: {key + "!": t for key, t in state.items()})
    assert list(net.state_dict())[:2] == ["0.weight!", "1.weight!"]


def test_what_a_module_saves_of_its_own():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    a, b = nn.Sequential(Counting()), nn.Sequential(Counting())
    a[0].count = 5
    assert a.state_dict() == {"0._extra_state": {"count": 5}}
    b.load_state_dict(a.state_dict())
    assert b[0].count == 5
    with pytest.raises(RuntimeError, match="get_extra_state: it is not defined"):
        nn.ReLU().get_extra_state()


def test_places_and_types():
    net = network().type(tg.float64)
    assert net[0].weight.dtype == tg.float64 and net.type("torch.FloatTensor")[0].weight.dtype == tg.float32
    assert net.to(memory_format=tg.channels_last) is net and net.compile() is None
    meta = nn.Linear(2, 3, device="meta")
    assert meta.to_empty(device="cpu").weight.device == "cpu" and net.cuda(0)[0].weight.is_cuda


def test_data_parallel():
    net = network()
    wrapped = nn.DataParallel(net, device_ids=[0])
    x = tg.rand(1, 1, 4, 4)
    assert tg.equal(wrapped.eval()(x), net(x)) and next(iter(wrapped.state_dict())) == "module.0.weight"
    assert tg.equal(nn.parallel.data_parallel(net, x, range(1)), net(x))
    with pytest.raises(ValueError, match="DataParallel: device_ids are"):
        nn.DataParallel(net, [0, 1])


def test_a_copied_parameter_leaves_its_gradient():
    import copy

    p = nn.Parameter(tg.ones(2))
    (p * 2).sum().backward()
    assert copy.deepcopy(p).grad is None and p.grad is not None


def test_older_names_of_initializers():
    with pytest.warns(FutureWarning, match="nn.init.constant is deprecated; use nn.init.constant_"):
        assert nn.init.constant(tg.zeros(2), 3).tolist() == [3, 3]
