"""The running average of a network's weights."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim


def test_the_average_follows_the_formula():
    net = nn.Linear(1, 1, bias=False)
    with tg.no_grad():
        net.weight.fill_(0.0)
    ema, wanted = optim.EMA(net, decay=0.5), 0.0
    for step in range(1, 15):
        with tg.no_grad():
            net.weight.fill_(step)
        ema.update()
        wanted += (1 - min(0.5, (1 + step) / (10 + step))) * (step - wanted)
        np.testing.assert_allclose(ema.average["weight"].item(), wanted, rtol=1e-5)


def test_it_is_applied_for_a_while_and_taken_back():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = optim.EMA(net)
    before = {key: value.tolist() for key, value in net.state_dict().items()}
    average = {key: value.tolist() for key, value in ema.average.items()}
    with tg.no_grad():
        net[0].weight.add_(1)
    net(tg.randn(8, 2))
    ema.update()
    own = {key: value.tolist() for key, value in net.state_dict().items()}
    with ema.applied() as model:
        assert model is net
        applied = {key: value.tolist() for key, value in net.state_dict().items()}
    assert {key: value.tolist() for key, value in net.state_dict().items()} == own != before
    assert applied != average and applied == {key: value.tolist() for key, value in ema.average.items()}
    assert own["1.num_batches_tracked"] == applied["1.num_batches_tracked"] == 1


def test_its_state_continues():
    net = nn.Linear(2, 2)
    a, b = optim.EMA(net), optim.EMA(net)
    with tg.no_grad():
        net.weight.add_(1)
    a.update()
    b.load_state_dict(a.state_dict())
    a.update()
    b.update()
    assert a.average["weight"].tolist() == b.average["weight"].tolist() and a.steps == b.steps == 2


def test_a_decay_must_be_below_one():
    with pytest.raises(ValueError, match=r"EMA: decay is 1.0 but must be at least 0 and below 1"):
        optim.EMA(nn.Linear(1, 1), decay=1.0)
