"""The training loop: steps, scores, and a state from which a run goes on bit for bit.

    trainer = task_trainer("mnist_cnn", task("mnist"), recipe("mnist_cnn"))
    for step in trainer.run():
        print(step.loss)
    print(trainer.score().accuracy)

`run` is a generator, so whoever drives it decides what to show and when to stop or save.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import __version__, random, tasks
from .creation import tensor
from .data import Compose, DataLoader, Dataset, Normalize, Resize, TensorDataset
from .data.transforms import Transform
from .models import create
from .models.outputs import classification_loss, main_logits
from .nn import functional as F
from .nn.module import Module
from .nn.utils import clip_grad_norm_
from .objects import CheckpointError
from .optim import EMA, Optimizer
from .optim.lr_scheduler import LambdaLR, LRScheduler
from .predict import BATCH, probabilities
from .recipes import Recipe
from .saving import Checkpoint, save_checkpoint
from .tasks import Fit, Task
from .tensor import Tensor


class NonFiniteLoss(ArithmeticError):
    """The loss became infinite or NaN; the weights are those from before that step."""


@dataclass(frozen=True)
class Step:
    """One optimizer step: its number (from 1), the loss of its batch, and how many of its `size` images were right.

    `accuracy` is the percentage of held-out images that are right, known after the last step of each epoch.
    """

    number: int
    loss: float
    correct: int
    size: int
    accuracy: float | None = None


@dataclass(frozen=True)
class Score:
    """What a network makes of scored images: int64 `predicted` and `labels`, float32 `probabilities` (n, classes)."""

    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The likeliest class of each image."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Percent of the images that are right."""
        return 100 * float((self.predicted == self.labels).mean())

    def confusions(self) -> list[tuple[int, int, int]]:
        """(label, taken for, how often) of all mistakes, the most frequent first."""
        wrong = self.predicted != self.labels
        pairs, counts = np.unique(np.stack([self.labels, self.predicted], axis=1)[wrong], axis=0, return_counts=True)
        found = [(int(label), int(guess), int(count)) for (label, guess), count in zip(pairs, counts, strict=True)]
        return sorted(found, key=lambda row: (-row[2], row[:2]))


class Trainer:
    """Trains `model` on batches (images, labels) of `loader` for `epochs` epochs.

    schedule  stepped after every optimizer step, if given
    average   an `EMA` of the model, updated after every step; it is then what is scored and saved as the model
    loss      called as loss(output, labels), the mean over a batch
    held_out  (images, labels), arrays or a dataset, scored after every epoch, if given
    prepare   a transform without chance, such as `Normalize`, that images go through before they are scored
    clip      the most that the norm of all gradients together may be, 0 for no bound
    name      of the network in `models` and its `arguments`, kept in checkpoints so that they can be opened again;
              `seed` and `settings` (anything JSON can express) are kept beside them
    """

    def __init__(self, model: Module, optimizer: Optimizer, loader: DataLoader, epochs: int,
                 schedule: LRScheduler | None = None, average: EMA | None = None,
                 loss: Callable[[Any, Tensor], Tensor] = F.cross_entropy, device: str = "cpu",
                 held_out: Dataset | tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None,
                 name: str = "", arguments: dict[str, Any] | None = None, seed: int = 0,
                 settings: dict[str, Any] | None = None, prepare: Transform | None = None, clip: float = 0.0) -> None:
        if len(loader) == 0:
            raise ValueError(f"Trainer: {len(loader.dataset)} samples do not fill a batch of {loader.batch_size}; "
                             "use smaller batches")
        self.model, self.optimizer, self.loader, self.epochs = model, optimizer, loader, epochs
        self.schedule, self.average, self.loss, self.device = schedule, average, loss, device
        self.held_out = TensorDataset(*held_out) if isinstance(held_out, tuple) else held_out
        self.name, self.arguments, self.seed, self.settings = name, arguments or {}, seed, settings or {}
        self.prepare, self.clip = prepare, clip
        self.losses: list[float] = []  # of every step so far
        self.accuracies: list[float] = []  # held-out, percent, after every epoch so far
        self.seconds = 0.0  # spent in `run`, earlier sessions included

    @property
    def step(self) -> int:
        """How many optimizer steps have been made."""
        return len(self.losses)

    @property
    def steps(self) -> int:
        """How many there will be at the end."""
        return self.epochs * len(self.loader)

    @property
    def finished(self) -> bool:
        """Whether every step has been made."""
        return self.step >= self.steps

    def run(self) -> Iterator[Step]:
        """Train to the end from wherever the run stands; yields after every optimizer step.

        At each yield the state is whole: `save` may be called, the loop may be left and another process may go on.
        Raises `NonFiniteLoss`, with the weights as they were before that step.
        """
        self.loader.load_state_dict(self.loader.state_dict())  # go on in mid-epoch, also after a `run` that was left
        while self.loader.epoch < self.epochs:
            begin = time.perf_counter()
            for images, labels in self.loader:
                step = self._step(images, labels)
                # Scored before the yield, so that whoever saves now saves a finished epoch.
                if self.held_out and self.loader.batch == len(self.loader):
                    self.accuracies.append(self.score().accuracy)
                    step = replace(step, accuracy=self.accuracies[-1])
                self.seconds += time.perf_counter() - begin
                yield step
                begin = time.perf_counter()

    def _step(self, images: Tensor, labels: Tensor) -> Step:
        self.model.train()
        self.optimizer.zero_grad()
        output = self.model(images.to(self.device))
        loss = self.loss(output, labels.to(self.device))
        value = float(loss.item())
        if not math.isfinite(value):
            rates = ", ".join(f"{group['lr']:.3g}" for group in self.optimizer.param_groups)
            raise NonFiniteLoss(f"the loss became {value} at step {self.step + 1} of {self.steps}, "
                                f"with learning rate {rates}; train again with a smaller one")
        loss.backward()
        if self.clip:
            clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        if self.average:
            self.average.update()
        self.losses.append(value)
        right = main_logits(output).detach().numpy().argmax(axis=1) == labels.numpy()
        return Step(self.step, value, int(right.sum()), len(right))

    def score(self, dataset: Dataset | None = None) -> Score:
        """The network (or its average) on the images of `dataset`; by default those held out."""
        dataset = dataset or self.held_out
        if dataset is None:
            raise ValueError("score: there are no held-out images; give a dataset")
        if self.average is None:
            return self._score(self.model, dataset)
        with self.average.applied() as model:
            return self._score(model, dataset)

    def _score(self, model: Module, dataset: Dataset) -> Score:
        labels, shares = [], []
        for first in range(0, len(dataset), BATCH):
            images, truth = dataset.batch(np.arange(first, min(first + BATCH, len(dataset))))
            if self.prepare:
                images = self.prepare(images, np.random.default_rng(0))
            labels.append(truth)
            shares.append(probabilities(model, images, self.device))
        return Score(np.concatenate(labels), np.concatenate(shares))

    def save(self, run: str | Path) -> Path:
        """Write a checkpoint into the folder `run`; returns the step's folder."""
        weights = dict(self.model.state_dict())
        training: dict[str, Any] = {"history.losses": np.array(self.losses, np.float64),
                                    "history.accuracies": np.array(self.accuracies, np.float64)}
        metadata: dict[str, Any] = {
            "package": __version__, "model": self.name, "arguments": self.arguments,
            "settings": self.settings, "seed": self.seed, "epoch": self.loader.epoch,
            "finished": self.finished, "seconds": self.seconds,
            "random_counter": list(random.get_state()), "loader": self.loader.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
        }
        state = self.optimizer.state_dict()
        numbers: dict[str, dict[str, Any]] = {}
        for parameter, values in state["state"].items():
            for key, value in values.items():
                if isinstance(value, Tensor):
                    training[f"optimizer.{parameter}.{key}"] = value
                else:
                    numbers.setdefault(str(parameter), {})[key] = value
        metadata["optimizer"] = {"numbers": numbers, "param_groups": state["param_groups"]}
        if self.average:
            average = self.average.state_dict()
            metadata["average"] = {"steps": average["steps"]}
            training.update({f"weights.{key}": value for key, value in weights.items()})
            weights = average["average"]
        return save_checkpoint(run, self.step, weights, training, metadata)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint` as if nothing had happened. The trainer must have been built as the saved one was."""
        metadata, training = checkpoint.metadata, checkpoint.training
        try:
            if self.average:
                self.model.load_state_dict(self._tensors(_below("weights.", training)))
                self.average.load_state_dict({**metadata["average"], "average": self._tensors(checkpoint.model)})
            else:
                self.model.load_state_dict(self._tensors(checkpoint.model))
            self.optimizer.load_state_dict(self._optimizer_state(metadata["optimizer"], training))
            if self.schedule:
                self.schedule.load_state_dict(metadata["schedule"])
            self.loader.load_state_dict(metadata["loader"])
            self.losses = training["history.losses"].tolist()
            self.accuracies = training["history.accuracies"].tolist()
            self.seconds = float(metadata["seconds"])
            random.set_state(tuple(metadata["random_counter"]))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise CheckpointError(f"{checkpoint.folder} does not fit this run ({reason}); "
                                  "train again, with another folder.") from error

    def _tensors(self, arrays: dict[str, Any]) -> dict[str, Tensor]:
        return {key: tensor(array, device=self.device) for key, array in arrays.items()}

    def _optimizer_state(self, saved: dict[str, Any], training: dict[str, Any]) -> dict[str, Any]:
        state: dict[int, dict[str, Any]] = {int(k): dict(numbers) for k, numbers in saved["numbers"].items()}
        for key, array in _below("optimizer.", training).items():
            parameter, _, name = key.partition(".")
            state.setdefault(int(parameter), {})[name] = tensor(array)
        return {"state": state, "param_groups": saved["param_groups"]}


def task_trainer(model: str, given: Task, recipe: Recipe, device: str = "cpu", seed: int = 0,
                 fit: Fit | None = None) -> Trainer:
    """A trainer of the network called `model` on a task by `recipe`, everything drawn from `seed`.

    `fit` says how the network is brought to the task's images; by default `tasks.fit` finds out.
    """
    fit = fit or tasks.fit(model, given)
    random.manual_seed(seed)
    network = create(model, **fit.arguments).to(device)
    train, held_out = tasks.parts(given, fit.size)
    resize = [Resize(fit.size)] if given.shape and fit.size != given.shape[1:] else []
    normalize = [Normalize(*channel_statistics(train))] if recipe.normalize else []
    augment = recipe.augmentation(fit.size)
    loader = DataLoader(train, recipe.batch_size, shuffle=True, drop_last=True, seed=seed,
                        transform=_composed([*resize, *([augment] if augment else []), *normalize]))
    optimizer = recipe.build_optimizer(network)
    steps = recipe.epochs * len(loader)
    schedule = LambdaLR(optimizer, lambda step: recipe.rate(step, steps))
    average = EMA(network, recipe.average) if recipe.average else None

    def loss(output: Any, labels: Tensor) -> Tensor:
        return classification_loss(output, labels, partial(F.cross_entropy, label_smoothing=recipe.label_smoothing))

    return Trainer(network, optimizer, loader, recipe.epochs, schedule, average, loss, device, held_out, model, fit.arguments,
                   seed, {"data": given.name, **asdict(recipe)}, _composed([*resize, *normalize]), recipe.clip)


def _composed(transforms: list[Transform]) -> Transform | None:
    return Compose(transforms) if len(transforms) > 1 else transforms[0] if transforms else None


def channel_statistics(images: Dataset) -> tuple[list[float], list[float]]:
    """(means, standard deviations) of the channels, over at most 5,000 images taken evenly from the whole."""
    chosen = np.linspace(0, len(images) - 1, min(len(images), 5000)).astype(np.int64)
    sums, squares, count = 0.0, 0.0, 0
    for first in range(0, len(chosen), BATCH):
        batch = images.batch(chosen[first:first + BATCH])[0].astype(np.float64)
        sums, squares = sums + batch.sum((0, 2, 3)), squares + (batch**2).sum((0, 2, 3))
        count += batch.size // batch.shape[1]
    mean = np.asarray(sums) / count
    spread = np.sqrt(np.asarray(squares) / count - mean**2)
    return mean.tolist(), np.where(spread > 0, spread, 1.0).tolist()


def _below(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
