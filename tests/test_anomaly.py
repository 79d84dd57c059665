"""`detect_anomaly` names the operation and the line that made the first NaN or infinity."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import Function, grad_mode, nn
from tinygrad_cnn.nn import functional as F


def caught(run):
    """The message of the anomaly in `run`."""
    with pytest.raises(RuntimeError, match="detect_anomaly") as found, tg.detect_anomaly():
        run()
    assert "\n" not in str(found.value)
    return str(found.value)


def test_forward():
    def run():
        x = tg.tensor([[1.0, 2.0], [3.0, 0.0]])
        y = x + 1
        return (y - 1).log() * 0  # the culprit

    said = caught(run)
    assert "detect_anomaly: log made -inf at (1, 1) of its result of shape (2, 2), the first of 1" in said
    assert "its inputs are finite (x is 0.0 there)" in said
    assert f"{__file__}, line" in said and said.endswith("return (y - 1).log() * 0  # the culprit")


def test_backward():
    x = tg.tensor([4.0, 0.0], requires_grad=True)

    def run():
        y = x.sqrt()  # fine forward, infinite backward
        y.sum().backward()

    said = caught(run)
    assert "the backward of sqrt made inf at (1,) of the gradient of x of shape (2,)" in said
    assert "the gradient that arrived is 1.0 there" in said and said.endswith("y = x.sqrt()  # fine forward, infinite backward")
    assert x.grad is None


def test_backward_of_a_fused_operation_with_a_graph():
    """What its definition does inside is not reported, but the operation that was called."""
    x, w = tg.full((1, 1, 3, 3), 1e-10, requires_grad=True), tg.full((1, 1, 2, 2), 1e30)

    def run():
        y = F.conv2d(x, w, tg.zeros(1))  # called here
        tg.grad(y, x, tg.full(y.shape, 1e10), create_graph=True)

    said = caught(run)
    assert "the backward of ConvBias made inf at (0, 0, 0, 0)" in said and said.endswith("# called here")


def test_values_that_came_in_broken_are_not_blamed_on_the_operation():
    said = caught(lambda: nn.Linear(2, 3)(tg.tensor([[float("nan"), 0.0]])))
    assert "Linear made nan at (0, 0)" in said and "x of shape (1, 2) already held nan at (0, 0)" in said


def test_ranges_where_shapes_differ():
    assert "its inputs are finite (x is 1.0 to 3e+38)" in caught(lambda: tg.tensor([[1.0, 3e38, 3e38]]).sum(1))


def test_forward_outside():
    y = tg.tensor([0.0], requires_grad=True).sqrt().sum()
    assert "called in a line outside of detect_anomaly; put the forward pass inside" in caught(y.backward)


class Broken(Function):
    def forward(self, x):
        return x * 1

    def backward(self, g):
        return g / 0.0


def test_a_function_of_the_user():
    x = tg.ones(2, requires_grad=True)
    assert "the backward of Broken made inf" in caught(lambda: Broken()(x).sum().backward())


def test_nothing_is_said_of_a_healthy_step_and_nothing_stays():
    x = tg.rand(4, 3, requires_grad=True)
    with tg.detect_anomaly():
        F.cross_entropy(nn.Linear(3, 5)(x), tg.tensor([0, 1, 2, 3])).backward()
        assert tg.tensor([1, 2]).max(0).indices.item() == 1
        assert tg.ones(3, device="meta").log().shape == (3,)
    assert x.grad is not None and not grad_mode.watchers
    assert tg.tensor([0.0]).log().item() == -float("inf")


def test_on_the_emulated_gpu():
    assert "log made -inf at (0,)" in caught(lambda: tg.zeros(2, device="cuda").log())
