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
    loss = nn.CrossEntropyLoss(**arguments)(x, tg.tensor(GOLDEN[f"{number}.target"]))
    loss.backward(tg.tensor(GOLDEN[f"{number}.g"], dtype=tg.float32))
    np.testing.assert_allclose(loss.detach().numpy(), GOLDEN[f"{number}.loss"], rtol=1e-5, atol=1e-6)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), GOLDEN[f"{number}.dx"], rtol=1e-5, atol=1e-6)


def test_what_cross_entropy_refuses():
    x, target = tg.zeros(2, 3), tg.tensor(np.array([0, 2]))
    with pytest.raises(NotImplementedError, match=r"cross_entropy: weight has shape \(3,\) but class weights"):
        F.cross_entropy(x, target, weight=tg.ones(3))
    with pytest.raises(ValueError, match="CrossEntropyLoss: reduction is 'avg'; use 'mean', 'sum' or 'none'"):
        nn.CrossEntropyLoss(reduction="avg")
    with pytest.raises(ValueError, match="label_smoothing: p is 2"):
        nn.CrossEntropyLoss(label_smoothing=2)
