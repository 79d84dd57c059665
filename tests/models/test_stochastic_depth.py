"""Stochastic depth: how often blocks live, what a dropped one costs, evaluation, repetition."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.nn import functional as F

from .test_resnet import images


def blocks(network):
    return [m for m in network.modules() if isinstance(m, models.StochasticDepth)]


def test_survival_falls_linearly():
    found = [block.survival for block in blocks(models.cifar_resnet110_stochastic_depth())]
    np.testing.assert_allclose(found, [1 - k / 54 * 0.5 for k in range(1, 55)])
    assert sum(found) == pytest.approx((3 * 54 - 1) / 4) == 40.25


def test_expected_number_of_live_blocks():
    tg.manual_seed(0)
    found = blocks(models.cifar_resnet110_stochastic_depth())
    alive = sum(block.lives() for _ in range(1000) for block in found)
    assert abs(alive / 1000 - 40.25) < 0.5  # more than five standard deviations


@pytest.mark.parametrize("training", [True, False])
def test_without_dropping_it_is_the_plain_network(training):
    depth, plain = (build(widths=(4, 8, 16)).train(training) for build in
                    (lambda **k: models.cifar_resnet110_stochastic_depth(survival=1, **k), models.cifar_resnet110))
    depth.load_state_dict(plain.state_dict())
    results = []
    for network in (depth, plain):
        x = images(2, 3, 12, 12)
        out = network(x)
        (out * out).sum().backward()
        results.append([out, x.grad, *(p.grad for p in network.parameters()), *network.buffers()])
    assert all((a.detach().numpy() == b.detach().numpy()).all() for a, b in zip(*results))


def test_evaluation_scales_the_branch():
    x = images(2, 4, 5, 5)
    block = models.StochasticDepth(4, 4, survival=0.3).eval()
    wanted = (block.branch(x) * 0.3 + x).relu()
    np.testing.assert_allclose(block(x).detach().numpy(), wanted.detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("survival", [0, 1])
def test_a_dropped_block_is_its_shortcut_and_costs_nothing(survival):
    way = models.ZeroPadShortcut(4, 8, 2)
    block, x, called = models.StochasticDepth(4, 8, 2, way, survival), images(2, 4, 5, 5), []
    with nn.watch(lambda module, inputs, out: called.append(type(module))):
        out = block(x)
    assert (nn.Conv2d in called) == (nn.BatchNorm2d in called) == bool(survival)
    out.sum().backward()
    assert all((p.grad is not None) == bool(survival) for p in block.parameters())
    assert int(block.bn1.num_batches_tracked.item()) == survival
    if not survival:
        assert (out.detach().numpy() == way(x).relu().detach().numpy()).all()


def test_the_mean_over_draws_is_the_evaluated_block():
    """Exactly so where no ReLU clips the sum: the statistics are those of evaluation, the input is large."""
    tg.manual_seed(0)
    block, x = models.StochasticDepth(4, 4, survival=0.7), images(1, 4, 5, 5) * 0.1 + 10
    for norm in (block.bn1, block.bn2):
        norm.eval()
    mean = sum(block(x).detach().numpy() for _ in range(2000)) / 2000
    branch = np.abs(block.branch(x).detach().numpy()).max()
    np.testing.assert_allclose(mean, block.eval()(x).detach().numpy(), atol=0.05 * branch)


def test_a_seed_repeats_the_draws_and_a_counter_continues_them():
    network = models.StochasticDepthResNet(20, widths=(2, 4, 8))
    x, seen = images(2, 3, 8, 8), []

    def step():
        network.zero_grad()
        F.cross_entropy(network(x), tg.tensor([0, 1])).backward()
        seen.append([p.grad is None for p in network.parameters()])

    tg.manual_seed(3)
    step()
    state = tg.random.get_state()
    step()
    tg.manual_seed(3)
    step()
    tg.random.set_state(state)
    step()
    assert seen[0] == seen[2] and seen[1] == seen[3] and seen[0] != seen[1]


def test_recomputation_draws_the_same():
    results = []
    for call in (lambda f, x: f(x), tg.checkpoint):
        tg.manual_seed(0)
        network, x = nn.Sequential(*(models.StochasticDepth(3, 3, survival=0.5) for _ in range(8))), images(2, 3, 5, 5)
        call(network, x).sum().backward()
        results.append([x.grad, *(p.grad for p in network.parameters())])
    assert [g is None for g in results[0]] == [g is None for g in results[1]] and None in results[0]
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(*results) if a is not None)


def test_probabilities_are_checked():
    with pytest.raises(ValueError, match="StochasticDepth: p is 1.5 but must be a probability; use 0 to 1"):
        models.StochasticDepth(4, 4, survival=1.5)
    with pytest.raises(ValueError, match="StochasticDepthResNet: p is -1 but must be a probability; use 0 to 1"):
        models.cifar_resnet110_stochastic_depth(survival=-1)
