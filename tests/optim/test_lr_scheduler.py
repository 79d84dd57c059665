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
    return optim.SGD([{"params": [nn.Parameter(tg.zeros(1))], "lr": lr} for lr in (0.5, 0.02)], lr=1.0, momentum=0.9)


def make(optimizer, kind, arguments):
    if kind == "SequentialLR":
        parts = [make(optimizer, *part) for part in arguments["schedulers"]]
        return lr_scheduler.SequentialLR(optimizer, parts, arguments["milestones"])
    if kind == "ChainedScheduler":
        return lr_scheduler.ChainedScheduler([make(optimizer, *part) for part in arguments["schedulers"]])
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


def test_multiplicative_factors_are_gathered():
    optimizer = sgd()
    schedule = lr_scheduler.MultiplicativeLR(optimizer, lambda step: 0.5 if step == 2 else 1.0)
    rates = []
    for _ in range(4):
        rates.append(schedule.get_last_lr()[0])
        schedule.step()
    assert rates == [0.5, 0.5, 0.25, 0.25]
    assert schedule.state_dict()["lr_lambdas"] == [None, None]


def test_a_plateau_lowers_the_rate():
    optimizer = sgd()
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1, min_lr=0.015, threshold=0.1)
    rates = []
    for loss in (1.0, 0.95, 0.95, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5):
        schedule.step(loss)
        rates.append(schedule.get_last_lr()[0])
    assert rates == [0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625]
    assert optimizer.param_groups[1]["lr"] == 0.015
    rising = lr_scheduler.ReduceLROnPlateau(sgd(), mode="max", threshold_mode="abs", threshold=0.5)
    assert rising.is_better(2.0, 1.0) and not rising.is_better(1.4, 1.0)
    for name in ("mode", "threshold_mode"):
        with pytest.raises(ValueError, match=f"{name} is 'most'; use"):
            lr_scheduler.ReduceLROnPlateau(optimizer, **{name: "most"})


def test_one_cycle_moves_the_momentum_the_other_way_and_ends():
    optimizer = optim.Adam([nn.Parameter(tg.zeros(1))])
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.1, epochs=2, steps_per_epoch=5)
    betas = []
    for _ in range(10):
        betas.append(optimizer.param_groups[0]["betas"][0])
        schedule.step()
    assert betas[0] == pytest.approx(0.95) and min(betas) == pytest.approx(0.85) and betas[2] == min(betas)
    with pytest.raises(ValueError, match="OneCycleLR: step 11 of 10; the cycle is over"):
        schedule.step()
    with pytest.raises(ValueError, match="Adagrad has no momentum; pass cycle_momentum=False"):
        lr_scheduler.CyclicLR(optim.Adagrad([nn.Parameter(tg.zeros(1))]), 0.1, 0.2)


def test_restarts_at_fractions_of_an_epoch():
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(sgd(), T_0=2)
    schedule.step(0.5)
    np.testing.assert_allclose(schedule.get_last_lr()[0], 0.5 * (1 + np.cos(np.pi / 4)) / 2)
    schedule.step(2.0)
    assert schedule.get_last_lr()[0] == 0.5


def test_going_on_needs_the_first_rates():
    optimizer = sgd()
    with pytest.raises(KeyError, match="last_epoch is 3 but a group has no 'initial_lr'"):
        lr_scheduler.ExponentialLR(optimizer, 0.5, last_epoch=3)
    for group in optimizer.param_groups:
        group["initial_lr"] = 8.0
    assert lr_scheduler.StepLR(optimizer, 2, 0.5, last_epoch=3).get_last_lr() == [0.25, 0.01]


def test_milestones_must_fit():
    optimizer = sgd()
    parts = [lr_scheduler.StepLR(optimizer, 1)] * 2
    with pytest.raises(ValueError, match=r"SequentialLR: 2 schedulers with milestones \[\]"):
        lr_scheduler.SequentialLR(optimizer, parts, [])
    with pytest.raises(NotImplementedError, match="LRScheduler: get_lr is missing"):
        lr_scheduler.LRScheduler(optimizer)
    with pytest.raises(ValueError, match="ChainedScheduler: a schedule belongs to another optimizer"):
        lr_scheduler.ChainedScheduler([*parts, lr_scheduler.StepLR(sgd(), 1)])


BASE = ["base_lrs", "last_epoch", "_step_count", "_is_initial", "_get_lr_called_within_step", "_last_lr"]


@pytest.mark.parametrize("schedule, keys", [
    (lambda o: lr_scheduler.StepLR(o, 2), ["step_size", "gamma", *BASE]),
    (lambda o: lr_scheduler.MultiStepLR(o, [2, 2, 4]), ["milestones", "gamma", *BASE]),
    (lambda o: lr_scheduler.ConstantLR(o), ["factor", "total_iters", *BASE]),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o), ["factor", "default_min_lr", "min_lrs", "patience", "cooldown", "eps", "best",
        "last_epoch", "_last_lr", "mode_worse", "mode", "threshold", "threshold_mode", "cooldown_counter", "num_bad_epochs"]),
    (lambda o: lr_scheduler.OneCycleLR(o, 1.0, 9), ["total_steps", "_anneal_func_type", "cycle_momentum", "_schedule_phases",
        "use_beta1", *BASE]),
    (lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, 3, 5), ["max_lrs", "total_size", "step_ratio", "mode", "gamma", "scale_mode",
        "cycle_momentum", "use_beta1", "base_momentums", "max_momentums", *BASE])])
def test_states_have_pytorchs_entries(schedule, keys):
    state = schedule(sgd()).state_dict()
    assert sorted(state) == sorted(keys)
    assert state.get("milestones", {2: 2, 4: 1}) == {2: 2, 4: 1} and state.get("total_size", 8.0) == 8.0


def test_a_loaded_state_leaves_the_rates_to_the_optimizers_own():
    schedule, other = (lr_scheduler.StepLR(sgd(), 1, 0.5) for _ in range(2))
    schedule.step()
    other.load_state_dict(schedule.state_dict())
    assert other.last_epoch == 1 and other.get_last_lr() == [0.25, 0.01] and other.optimizer.param_groups[0]["lr"] == 0.5


def test_a_state_holds_what_callable_objects_hold():
    class Share:
        def __init__(self, share):
            self.share = share

        def __call__(self, step):
            return self.share**step

    one, other = (lr_scheduler.LambdaLR(sgd(), [Share(share), lambda step: 1.0]) for share in (0.5, 0.9))
    assert one.state_dict()["lr_lambdas"] == [{"share": 0.5}, None]
    other.load_state_dict(one.state_dict())
    assert other.lr_lambdas[0].share == 0.5


def test_a_sequence_counts_the_steps_of_each_and_takes_no_plateau():
    optimizer = sgd()
    parts = [lr_scheduler.LinearLR(optimizer), lr_scheduler.ExponentialLR(optimizer, 0.5)]
    schedule = lr_scheduler.SequentialLR(optimizer, parts, [2])
    for _ in range(3):
        schedule.step()
    assert [part._step_count for part in parts] == [2, 2] and [part.last_epoch for part in parts] == [1, 1]
    with pytest.raises(ValueError, match="SequentialLR: a schedule is a ReduceLROnPlateau"):
        lr_scheduler.SequentialLR(optimizer, [lr_scheduler.ReduceLROnPlateau(optimizer), parts[1]], [2])
