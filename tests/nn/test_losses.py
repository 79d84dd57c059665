"""Cross-entropy against PyTorch (tests/golden/make_nn.py), and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "nn_losses.npz")
CASES = list(enumerate(json.loads(str(GOLDEN["cases"]))))


@pytest.mark.parametrize("number, arguments", CASES)
def test_cross_entropy_is_pytorchs(number, arguments):
    x = tg.tensor(GOLDEN[f"{number}.x"], requires_grad=True)
    options = {key: tg.tensor(value) if key == "weight" else value for key, value in arguments.items()}
    loss = nn.CrossEntropyLoss(**options)(x, tg.tensor(GOLDEN[f"{number}.target"]))
    loss.backward(tg.tensor(GOLDEN[f"{number}.g"], dtype=tg.float32))
    np.testing.assert_allclose(loss.detach().numpy(), GOLDEN[f"{number}.loss"], rtol=1e-5, atol=1e-6)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), GOLDEN[f"{number}.dx"], rtol=1e-5, atol=1e-6)


def test_what_cross_entropy_refuses():
    x, target = tg.zeros(2, 3), tg.tensor(np.array([0, 2]))
    with pytest.raises(ValueError, match="cross_entropy: reduction is 'avg' but 'mean', 'sum' or 'none' is needed"):
        nn.CrossEntropyLoss(reduction="avg")(x, target)
    with pytest.raises(RuntimeError, match="label_smoothing is 2 but must be a probability"):
        nn.CrossEntropyLoss(label_smoothing=2)(x, target)
    for flags, reduction in (({"size_average": True}, "mean"), ({"size_average": False}, "sum"), ({"reduce": False}, "none"),
                             ({"reduce": True, "size_average": False}, "sum")):
        with pytest.warns(UserWarning, match=f"size_average and reduce are deprecated; use reduction='{reduction}'"):
            assert nn.NLLLoss(**flags).reduction == reduction


def test_weights_belong_to_the_module():
    loss = nn.CrossEntropyLoss(tg.tensor([1.0, 2.0, 3.0]))
    assert list(loss.state_dict()) == ["weight"] and loss.double().weight.dtype == tg.float64
    loss = nn.BCEWithLogitsLoss(pos_weight=tg.ones(3))
    assert list(loss.state_dict()) == ["pos_weight"] and loss.weight is None


@pytest.mark.parametrize("module, function, options", [
    (nn.MSELoss, F.mse_loss, {}), (nn.L1Loss, F.l1_loss, {}), (nn.SmoothL1Loss, F.smooth_l1_loss, {"beta": 0.4}),
    (nn.HuberLoss, F.huber_loss, {"delta": 0.4}), (nn.BCEWithLogitsLoss, F.binary_cross_entropy_with_logits, {}),
    (nn.KLDivLoss, F.kl_div, {"log_target": True})])
def test_modules_call_their_functions(module, function, options):
    x, target = tg.randn(3, 4), tg.rand(3, 4)
    found = module(reduction="sum", **options)(x, target)
    assert found.item() == function(x, target, reduction="sum", **options).item()


def test_a_single_sample():
    x, target = tg.randn(1, 3), tg.tensor([2])
    for loss in (F.cross_entropy, F.nll_loss):
        alone = loss(x[0], target[0], reduction="none")
        assert alone.shape == () and alone.item() == loss(x, target).item()


def test_extreme_probabilities():
    """A logarithm of 0 counts as -100, and its slope is finite."""
    x = tg.tensor([0.0, 1.0, 1.0], requires_grad=True)
    losses = nn.BCELoss(reduction="none")(x, tg.tensor([1.0, 0.0, 1.0]))
    assert losses.tolist() == [100.0, 100.0, 0.0]
    losses.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    with pytest.raises(RuntimeError, match="binary_cross_entropy: the input lies between -1.0 and 2.0 but probabilities"):
        F.binary_cross_entropy(tg.tensor([-1.0, 2.0]), tg.zeros(2))


def test_a_forgotten_axis_is_warned_about():
    with pytest.warns(UserWarning, match=r"mse_loss: input has shape \(3, 1\) but target \(3,\)"):
        assert F.mse_loss(tg.zeros(3, 1), tg.ones(3), reduction="none").shape == (3, 3)
    with pytest.warns(UserWarning, match="kl_div: reduction 'mean' divides by all elements"):
        F.kl_div(tg.zeros(2, 2), tg.ones(2, 2))
