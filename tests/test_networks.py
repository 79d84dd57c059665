"""Four networks train as they do in PyTorch: every loss of 20 steps, from the same weights."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.nn import fusion

from .networks import NETWORKS, train

LOSSES = json.loads((Path(__file__).parent / "golden" / "networks.json").read_text())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "unfused"])
def test_training(name, fused):
    with fusion(fused):
        found = train(tg, name, tg.float32, tg.tensor)
    assert LOSSES[name][-1] < LOSSES[name][0]
    np.testing.assert_allclose(found, LOSSES[name], rtol=1e-4)


def test_training_in_double_precision():
    """The losses differ by rounding alone: in float64 they agree as far as a Python float goes."""
    np.testing.assert_allclose(train(tg, "residual", tg.float64, tg.tensor), LOSSES["residual"], rtol=1e-9)
