"""Schedules against PyTorch (tests/golden/make_nn.py), resuming, and errors."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.optim import lr_scheduler

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "nn_schedules.npz")
CASES = list(enumerate(json.loads(str(GOLDEN["cases"]))))


def sgd():
    return optim.SGD([{"params": [nn.Parameter(tg.zeros(1))], "lr": lr} for lr in (0.5, 0.02)], lr=1.0)


def make(optimizer, kind, arguments):
    if kind == "SequentialLR":
        parts = [make(optimizer, *part) for part in arguments["schedulers"]]
        return lr_scheduler.SequentialLR(optimizer, parts, arguments["milestones"])
    return getattr(lr_scheduler, kind)(optimizer, **arguments)


@pytest.mark.parametrize("number, case", CASES, ids=[case[0] for _, case in CASES])
def test_rates_are_pytorchs(number, case):
    optimizer = sgd()
    schedule = make(optimizer, *case)
    for wanted in GOLDEN[str(number)]:
        np.testing.assert_allclose(schedule.get_last_lr(), wanted, rtol=1e-6, atol=1e-12)
        schedule.step()


@pytest.mark.parametrize("number, case", CASES, ids=[case[0] for _, case in CASES])
def test_a_schedule_resumes(number, case):
    first, optimizer = sgd(), sgd()
    schedule = make(first, *case)
    for _ in range(6):
        schedule.step()
    optimizer.load_state_dict(first.state_dict())
    again = make(optimizer, *case)
    again.load_state_dict(schedule.state_dict())
    assert again.get_last_lr() == schedule.get_last_lr()
    np.testing.assert_allclose(again.get_last_lr(), GOLDEN[str(number)][6], rtol=1e-6, atol=1e-12)


def test_lambda_takes_one_function_or_one_for_each_group():
    optimizer = sgd()
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    schedule.step()
    np.testing.assert_allclose(schedule.get_last_lr(), [0.25, 0.01])
    schedule = lr_scheduler.LambdaLR(optimizer, [lambda step: 1.0, lambda step: 2.0])
    np.testing.assert_allclose(schedule.get_last_lr(), [0.5, 0.04])
    with pytest.raises(ValueError, match="LambdaLR: 1 functions for 2 groups"):
        lr_scheduler.LambdaLR(optimizer, [lambda step: 1.0])


def test_milestones_must_fit():
    optimizer = sgd()
    parts = [lr_scheduler.StepLR(optimizer, 1)] * 2
    with pytest.raises(ValueError, match=r"SequentialLR: 2 schedulers with milestones \[\]"):
        lr_scheduler.SequentialLR(optimizer, parts, [])
    with pytest.raises(NotImplementedError, match="Scheduler: rate is missing"):
        lr_scheduler.Scheduler(optimizer)
