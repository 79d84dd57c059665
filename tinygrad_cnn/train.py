"""The training loop: steps, scores, and a state from which a run goes on bit for bit.

    trainer = digit_trainer("mnist_cnn", recipe("mnist_cnn"))
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
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import random
from .creation import tensor
from .data import DataLoader, ElasticTransform, MNISTSubset, RandomAffine, Resample
from .data.transforms import GridTransform
from .models import create
from .nn import functional as F
from .nn.module import Module
from .optim import EMA, SGD, AdamW, Optimizer
from .optim.lr_scheduler import LambdaLR, Scheduler
from .predict import probabilities
from .recipes import Recipe
from .saving import Checkpoint, CheckpointError, save_checkpoint
from .tensor import Tensor

SIDE = 28  # of a digit, pixels


class NonFiniteLoss(ArithmeticError):
    """The loss became infinite or NaN; the weights are those from before that step."""


@dataclass(frozen=True)
class Step:
    """One optimizer step: its number (from 1), the loss of its batch, and how many of its `size` digits were right.

    `accuracy` is the percentage of held-out digits that are right, known after the last step of each epoch.
    """

    number: int
    loss: float
    correct: int
    size: int
    accuracy: float | None = None


@dataclass(frozen=True)
class Score:
    """What a network makes of scored digits: int64 `predicted` and `labels`, float32 `probabilities` (n, classes)."""

    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The likeliest class of each digit."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Percent of the digits that are right."""
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
    held_out  (images, labels) scored after every epoch, if given
    name      of the network in `models` and its `arguments`, kept in checkpoints so that they can be opened again;
              `seed` and `settings` (anything JSON can express) are kept beside them
    """

    def __init__(self, model: Module, optimizer: Optimizer, loader: DataLoader, epochs: int,
                 schedule: Scheduler | None = None, average: EMA | None = None,
                 loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy, device: str = "cpu",
                 held_out: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None,
                 name: str = "", arguments: dict[str, Any] | None = None, seed: int = 0,
                 settings: dict[str, Any] | None = None) -> None:
        if len(loader) == 0:
            raise ValueError(f"Trainer: {len(loader.dataset)} samples do not fill a batch of {loader.batch_size}; "
                             "use smaller batches")
        self.model, self.optimizer, self.loader, self.epochs = model, optimizer, loader, epochs
        self.schedule, self.average, self.loss, self.device = schedule, average, loss, device
        self.held_out, self.name, self.arguments = held_out, name, arguments or {}
        self.seed, self.settings = seed, settings or {}
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
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        if self.average:
            self.average.update()
        self.losses.append(value)
        right = output.detach().numpy().argmax(axis=1) == labels.numpy()
        return Step(self.step, value, int(right.sum()), len(right))

    def score(self, images: npt.NDArray[Any] | None = None, labels: npt.NDArray[Any] | None = None) -> Score:
        """The network (or its average) on `images` (n, 1, h, w) and `labels`; by default those held out."""
        if images is None or labels is None:
            if self.held_out is None:
                raise ValueError("score: there are no held-out digits; give images and labels")
            images, labels = self.held_out
        if self.average is None:
            return Score(labels, probabilities(self.model, images, self.device))
        with self.average.applied() as model:
            return Score(labels, probabilities(model, images, self.device))

    def save(self, run: str | Path) -> Path:
        """Write a checkpoint into the folder `run`; returns the step's folder."""
        weights = dict(self.model.state_dict())
        training: dict[str, Any] = {"history.losses": np.array(self.losses, np.float64),
                                    "history.accuracies": np.array(self.accuracies, np.float64)}
        metadata: dict[str, Any] = {
            "package": _version(), "model": self.name, "arguments": self.arguments,
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


def digit_trainer(model: str, recipe: Recipe, device: str = "cpu", seed: int = 0) -> Trainer:
    """A trainer of the network called `model` on the embedded digits by `recipe`, everything drawn from `seed`."""
    random.manual_seed(seed)
    network = create(model).to(device)
    train, held_out = MNISTSubset("train"), MNISTSubset("held-out")
    loader = DataLoader(train, recipe.batch_size, shuffle=True, drop_last=True, transform=augmentation(recipe),
                        seed=seed)
    optimizer: Optimizer
    if recipe.optimizer == "sgd":
        optimizer = SGD(network.parameters(), recipe.lr, momentum=0.9, weight_decay=recipe.weight_decay, nesterov=True)
    else:
        optimizer = AdamW(network.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * len(loader)
    schedule = LambdaLR(optimizer, lambda step: rate(recipe, step, steps))
    average = EMA(network, recipe.average) if recipe.average else None

    def loss(output: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(output, labels, label_smoothing=recipe.label_smoothing)

    return Trainer(network, optimizer, loader, recipe.epochs, schedule, average, loss, device,
                   (held_out.images, held_out.labels), model, seed=seed, settings=asdict(recipe))


def augmentation(recipe: Recipe) -> Resample | None:
    """The random distortion of the recipe's digits, None if it asks for none."""
    moves: list[GridTransform] = []
    if recipe.rotation or recipe.shift or recipe.scale or recipe.shear:
        sizes = (1 - recipe.scale, 1 + recipe.scale)
        moves.append(RandomAffine(recipe.rotation, recipe.shift / SIDE, sizes, recipe.shear))
    if recipe.elastic:
        moves.append(ElasticTransform(recipe.elastic, recipe.elastic_sigma))
    return Resample(moves) if moves else None


def rate(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate after `step` of `steps` steps, as a share of the recipe's largest one."""
    warm = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    done = step / max(steps, 1)
    return warm * (0.5 * (1 + math.cos(math.pi * done)) if recipe.schedule == "cosine" else 1 - done)


def _below(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


def _version() -> str:
    from . import __version__

    return str(__version__)
