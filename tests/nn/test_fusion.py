"""Fusion changes how often memory is passed over, and nothing else."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn.fused import _first


def data(*shape):
    return tg.tensor(np.random.default_rng(3).normal(size=shape).astype(np.float32), requires_grad=True)


class Shifted(nn.Conv2d):
    def forward(self, x):
        return super().forward(x) - 0.1


CHAINS = {
    "conv-relu": lambda: (nn.Conv2d(2, 4, 3), nn.ReLU()),
    "conv-bn-relu": lambda: (nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()),
    "conv-bias-bn": lambda: (nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Sigmoid()),
    "conv-bn-plain": lambda: (nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4, affine=False), nn.ReLU()),
    "conv-bn-untracked": lambda: (nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU()),
    "bn-relu-conv": lambda: (nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 4, 3, padding="same"), nn.Tanh()),
    "linear-relu": lambda: (nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4 * 4 * 5, 3), nn.ReLU(), nn.Linear(3, 2)),
    "conv-relu-pool": lambda: (nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 1), nn.ReLU(),
                               nn.MaxPool2d(2, 1)),
    "subclass": lambda: (Shifted(2, 4, 3), nn.ReLU()),
    "large-weight": lambda: (nn.Conv2d(2, 300, 3), nn.BatchNorm2d(300), nn.ReLU()),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", CHAINS)
def test_fused_is_unfused(name, training):
    net = nn.Sequential(*CHAINS[name]())
    for value in net.buffers():
        if value.is_floating_point():
            value.copy_(np.random.default_rng(4).uniform(0.5, 1.5, value.shape).astype(np.float32))
    net.train(training)
    start = {key: value.clone() for key, value in net.state_dict().items()}
    results = []
    for on in (True, False):
        net.load_state_dict(start)
        net.zero_grad()
        x = data(3, 2, 6, 7)
        with nn.fusion(on):
            y = net(x)
            ((y * y).sum() + y.sum()).backward()
        assert x.grad is not None
        results.append({"y": y.detach(), "dx": x.grad, **{k: p.grad for k, p in net.named_parameters()},
                        **{f"buffer {k}": b.clone() for k, b in net.named_buffers()}})
    for key, value in results[0].items():
        wanted = results[1][key].numpy()
        atol = 1e-4 * max(1, np.abs(wanted).max())
        np.testing.assert_allclose(value.numpy(), wanted, rtol=1e-4, atol=atol, err_msg=key)


def lengths(chain, x):
    """How many modules each step takes."""
    found, start = [], 0
    while start < len(chain):
        found.append(_first(chain[start:start + 3], x)[1])
        start += found[-1]
    return found


@pytest.mark.parametrize("name, training, steps", [
    ("conv-relu", True, [2]), ("conv-bn-relu", True, [1, 2]), ("conv-bn-relu", False, [3]),
    ("conv-bias-bn", False, [2, 1]), ("conv-bn-untracked", False, [1, 2]), ("bn-relu-conv", False, [2, 1, 1]),
    ("conv-relu-pool", True, [3, 3]), ("linear-relu", True, [1, 1, 2, 1]),
    ("subclass", True, [1, 1]), ("large-weight", False, [1, 2])])
def test_what_is_fused(name, training, steps):
    chain = CHAINS[name]()
    for module in chain:
        module.train(training)
    assert lengths(chain, data(3, 2, 6, 7)) == steps


def test_fused_owns_nothing_and_can_be_called_in_a_forward():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn, self.relu = nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2), nn.ReLU()

        def forward(self, x):
            return nn.fused(self.conv, self.bn, self.relu)(x)

    net = Block()
    assert [key for key, _ in net.named_parameters()] == ["conv.weight", "conv.bias", "bn.weight", "bn.bias"]
    assert net(data(2, 2, 5, 5)).shape == (2, 2, 3, 3)


def test_second_derivatives_pass_through_fused_layers():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    x = data(5, 3)
    (g,) = tg.grad(net(x).sum(), x, create_graph=True)
    (g * g).sum().backward()
    assert net[0].weight.grad is not None and np.abs(net[0].weight.grad.numpy()).sum() > 0
