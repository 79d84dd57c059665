"""The trainer: it learns, it stops at nonsense, and a run that was interrupted ends with the same bits."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, recipes, tasks, train
from tinygrad_cnn.data import DataLoader, MNISTSubset, TensorDataset
from tinygrad_cnn.objects import CheckpointError
from tinygrad_cnn.optim import EMA, SGD, AdamW
from tinygrad_cnn.optim.lr_scheduler import CosineAnnealingLR
from tinygrad_cnn.saving import load_checkpoint
from tinygrad_cnn.train import NonFiniteLoss, Score, Trainer

EPOCHS, LENGTH = 3, 4  # and 10 samples in a batch


def blobs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three classes of points, as images of 1 x 4 x 4."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centers = np.random.default_rng(7).normal(0, 2, (3, 1, 4, 4))
    return (centers[labels] + rng.normal(0, 0.5, (count, 1, 4, 4))).astype(np.float32), labels


def jitter(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return images + rng.normal(0, 0.1, images.shape).astype(np.float32)


def trainer(optimizer: str = "adamw", average: bool = True, seed: int = 3, device: str = "cpu") -> Trainer:
    """A small network with everything that has a state: dropout, batch norm, momentum, schedule, average."""
    tg.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2),
                          nn.Linear(24, 3)).to(device)
    loader = DataLoader(TensorDataset(*blobs(45, 0)), 10, shuffle=True, drop_last=True, transform=jitter, seed=seed)
    rule: Any = (SGD(model.parameters(), 0.02, momentum=0.9, nesterov=True) if optimizer == "sgd"
                 else AdamW(model.parameters(), 0.02))
    schedule = CosineAnnealingLR(rule, EPOCHS * len(loader))
    return Trainer(model, rule, loader, EPOCHS, schedule, EMA(model, 0.9) if average else None,
                   device=device, held_out=blobs(30, 1), seed=seed)


def bits(of: Trainer) -> dict[str, bytes]:
    """Everything that makes up the state of a run."""
    found = {f"model.{key}": value.numpy().tobytes() for key, value in of.model.state_dict().items()}
    for number, values in of.optimizer.state_dict()["state"].items():
        for key, value in values.items():
            found[f"{number}.{key}"] = value.numpy().tobytes() if hasattr(value, "numpy") else str(value).encode()
    if of.average:
        average = of.average.state_dict()["average"]
        found |= {f"average.{key}": value.numpy().tobytes() for key, value in average.items()}
    return found


def test_it_learns() -> None:
    run = trainer()
    steps = list(run.run())
    assert [step.number for step in steps] == list(range(1, EPOCHS * LENGTH + 1)) and run.finished
    assert [step.number for step in steps if step.accuracy is not None] == [4, 8, 12]
    assert run.accuracies[-1] == run.score().accuracy > 90
    assert np.mean(run.losses[-4:]) < np.mean(run.losses[:4])
    assert all(step.size == 10 and 0 <= step.correct <= 10 for step in steps)


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not() -> None:
    runs = []
    for seed in (3, 3, 4):
        runs.append(trainer(seed=seed))
        list(runs[-1].run())
    first, again, other = runs
    assert first.losses == again.losses and bits(first) == bits(again)
    assert first.losses != other.losses


@pytest.mark.parametrize("optimizer, average", [("adamw", True), ("sgd", False)])
@pytest.mark.parametrize("stop", [1, 3, 4, 5, 8, 11, 12])
def test_an_interrupted_run_ends_with_the_same_bits(tmp_path: Path, optimizer: str, average: bool, stop: int) -> None:
    whole = trainer(optimizer, average)
    list(whole.run())

    first = trainer(optimizer, average)
    for step in first.run():
        if step.number == stop:
            first.save(tmp_path)
            break
    tg.manual_seed(999)
    tg.rand(17)
    second = trainer(optimizer, average, seed=3)
    second.load(load_checkpoint(tmp_path))
    assert second.step == stop
    rest = list(second.run())
    assert [step.number for step in rest] == list(range(stop + 1, 13))
    assert second.losses == whole.losses and second.accuracies == whole.accuracies
    assert bits(second) == bits(whole) and second.finished
    assert second.optimizer.param_groups[0]["lr"] == whole.optimizer.param_groups[0]["lr"]


def test_a_run_on_cuda_goes_on_and_agrees_with_the_cpu(tmp_path: Path) -> None:
    first = trainer(device="cuda")
    for step in first.run():
        if step.number == 5:
            first.save(tmp_path)
            break
    second, cpu = trainer(device="cuda"), trainer()
    list(cpu.run())
    second.load(load_checkpoint(tmp_path))
    list(second.run())
    np.testing.assert_allclose(second.losses, cpu.losses, rtol=1e-4)
    assert second.accuracies == cpu.accuracies


def test_leaving_the_loop_and_running_again_goes_on() -> None:
    whole = trainer()
    list(whole.run())
    pieces = trainer()
    while not pieces.finished:
        for step in pieces.run():
            if step.number % 3 == 0:
                break
    assert pieces.losses == whole.losses and bits(pieces) == bits(whole)


def test_what_is_saved_as_the_model_is_what_is_scored(tmp_path: Path) -> None:
    run = trainer()
    list(run.run())
    run.save(tmp_path)
    run.model.load_state_dict(load_checkpoint(tmp_path).model)
    run.average = None
    assert run.score().accuracy == run.accuracies[-1]


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    run = trainer()
    next(run.run())
    run.save(tmp_path)
    other = trainer()
    other.model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(CheckpointError, match="does not fit this run") as caught:
        other.load(load_checkpoint(tmp_path))
    assert "\n" not in str(caught.value)
    bigger = trainer()
    bigger.loader = DataLoader(bigger.loader.dataset, 9, shuffle=True, drop_last=True, seed=3)
    with pytest.raises(CheckpointError, match="batch_size"):
        bigger.load(load_checkpoint(tmp_path))


def test_a_loss_that_is_not_finite_stops_before_the_weights_change() -> None:
    run = trainer()
    steps = run.run()
    next(steps)
    next(steps)
    before = bits(run)
    run.loss = lambda output, labels: output.sum() * math.nan
    with pytest.raises(NonFiniteLoss, match="became nan at step 3 of 12"):
        next(steps)
    assert {key: value for key, value in bits(run).items() if "running" not in key and "num_b" not in key} == {
        key: value for key, value in before.items() if "running" not in key and "num_b" not in key}


def test_batches_must_be_filled() -> None:
    loader = DataLoader(TensorDataset(*blobs(5, 0)), 10, drop_last=True)
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="5 samples do not fill a batch of 10"):
        Trainer(model, SGD(model.parameters(), 0.1), loader, 1)
    run = Trainer(model, SGD(model.parameters(), 0.1), DataLoader(TensorDataset(*blobs(5, 0)), 5), 1)
    with pytest.raises(ValueError, match="no held-out images"):
        run.score()


def test_scores_count_mistakes() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    guesses = np.array([0, 1, 1, 2, 1, 1])
    score = Score(labels, np.eye(3, dtype=np.float32)[guesses])
    assert score.accuracy == pytest.approx(100 / 3)
    assert score.confusions() == [(2, 1, 2), (0, 1, 1), (1, 2, 1)]


@pytest.mark.parametrize("model", list(recipes.FULL))
def test_recipes(model: str) -> None:
    full, short = recipes.recipe(model), recipes.recipe(model, epochs=3)
    assert full.epochs > recipes.SHORT_EPOCHS >= short.epochs == 3 and full != replace(short, epochs=full.epochs)
    assert recipes.recipe(model, lr=0.5, batch_size=7) == replace(full, lr=0.5, batch_size=7)
    for recipe in (full, short):
        steps = recipe.epochs * (8004 // recipe.batch_size)
        rates = [recipe.rate(step, steps) for step in range(steps)]
        peak = int(np.argmax(rates))
        assert 0.7 < max(rates) <= 1 and peak <= recipe.warmup and rates[-1] < 0.01
        assert all(np.diff(rates[peak:]) <= 0) and all(np.diff(rates[: peak + 1]) > 0)


@pytest.mark.parametrize("numbers, says", [({"epochs": 0}, "epochs is 0"), ({"lr": -1.0}, "lr is -1"),
                                           ({"lr": math.inf}, "lr is inf"), ({"lr": math.nan}, "lr is nan")])
def test_impossible_recipes(numbers: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        recipes.recipe("mnist_cnn", **numbers)
    with pytest.raises(ValueError, match="the paper of mnist_cnn has none for digits; use --recipe ours"):
        recipes.recipe("mnist_cnn", source="paper")


def test_augmentation_moves_digits_but_not_much() -> None:
    digits = MNISTSubset("validation").images[::200]
    distort = recipes.recipe("mnist_cnn").augmentation((28, 28))
    assert distort is not None
    moved = distort(digits, np.random.default_rng(0))
    assert moved.shape == digits.shape and 0.05 < np.abs(moved - digits).mean() / digits.mean() < 1.5
    none = replace(recipes.recipe("mnist_cnn"), rotation=0, shift=0, scale=0, shear=0, elastic=0)
    assert none.augmentation((28, 28)) is None


def test_the_trainer_of_a_task_follows_the_recipe() -> None:
    recipe = replace(recipes.recipe("mnist_cnn_bn"), optimizer="sgd", weight_decay=1e-4, label_smoothing=0.1)
    run = train.task_trainer("mnist_cnn_bn", tasks.task("mnist"), recipe, seed=5)
    assert isinstance(run.optimizer, SGD) and run.steps == recipe.epochs * (8004 // recipe.batch_size)
    assert run.average is not None and run.settings == {"data": "mnist", **recipe.__dict__} and run.seed == 5
    assert run.held_out is not None and len(run.held_out) == 1996 and run.held_out[0][0].shape == (1, 28, 28)
