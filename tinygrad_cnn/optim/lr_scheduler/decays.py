"""Learning rates times a factor of the step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import cos, pi

from ..optimizer import Optimizer
from .scheduler import Decay


class StepLR(Decay):
    """The rate times `gamma` after every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        return self.gamma ** (step // self.step_size)


class MultiStepLR(Decay):
    """The rate times `gamma` at each of `milestones`."""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        return self.gamma ** sum(times for milestone, times in self.milestones.items() if milestone <= step)


class ConstantLR(Decay):
    """The rate times `factor` for the first `total_iters` steps."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        _fraction("ConstantLR", "factor", factor)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        return self.factor if step < self.total_iters else 1.0


class LinearLR(Decay):
    """The rate times a factor that goes from `start_factor` to `end_factor` in `total_iters` steps: a warm-up."""

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
                 last_epoch: int = -1) -> None:
        _fraction("LinearLR", "start_factor", start_factor)
        _fraction("LinearLR", "end_factor", end_factor)
        if start_factor == 0:
            raise ValueError("LinearLR: start_factor is 0 but must be above it; use a small number such as 0.001")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        done = min(step, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class ExponentialLR(Decay):
    """The rate times `gamma` after every step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        return self.gamma**step


class PolynomialLR(Decay):
    """The rate times (1 - step / total_iters)^power; 0 from step `total_iters` on."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        return (1 - min(step, self.total_iters) / self.total_iters) ** self.power


class CosineAnnealingLR(Decay):
    """From the rate to `eta_min` in `T_max` steps along half a cosine, and back (arXiv 1608.03983, without restarts)."""

    floor = property(lambda self: self.eta_min)

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        return (1 + cos(pi * step / self.T_max)) / 2


def _fraction(operation: str, name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{operation}: {name} is {value} but must lie between 0 and 1")
