"""Learning rates that go up and down: restarts, triangles, one cycle. The momentum may go the other way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, floor, log, pi
from typing import Any

from ..optimizer import Group, Optimizer
from .scheduler import LRScheduler

Rates = float | Sequence[float]


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the rate to `eta_min` along half a cosine in `T_0` steps, then anew, each time `T_mult` times as long.

    (arXiv 1608.03983.) `step(epoch)` takes fractions of an epoch too.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"CosineAnnealingWarmRestarts: {name} is {value} but a whole number of at least 1 is needed")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = (1 + cos(pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """One step further, or to any time `epoch`."""
        if epoch is not None and epoch < 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: epoch is {epoch} but must be at least 0")
        time = self.last_epoch + 1 if epoch is None else epoch
        if self.T_mult == 1:
            self.T_i, self.T_cur = self.T_0, time % self.T_0
        else:
            cycle = int(log(time / self.T_0 * (self.T_mult - 1) + 1, self.T_mult) + 1e-9)
            self.T_cur = time - self.T_0 * (self.T_mult**cycle - 1) // (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**cycle
        self.last_epoch = floor(time)
        self._set(self.get_lr())


class OneCycleLR(LRScheduler):
    """Up to `max_lr` in the share `pct_start` of all steps, down to far below the start in the rest (arXiv 1708.07120).

    The rate starts at max_lr / div_factor and ends at that / final_div_factor. There are `total_steps`, or `epochs` times
    `steps_per_epoch`; one more raises. `anneal_strategy` is "cos" or "linear". With `three_phase` the way down first ends
    at the start, as long as the way up. The momentum (or beta1) goes from `max_momentum` to `base_momentum` and back, if
    `cycle_momentum`.
    """

    def __init__(self, optimizer: Optimizer, max_lr: Rates, total_steps: int | None = None, epochs: int | None = None,
                 steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
                 cycle_momentum: bool = True, base_momentum: Rates = 0.85, max_momentum: Rates = 0.95,
                 div_factor: float = 25.0, final_div_factor: float = 1e4, three_phase: bool = False,
                 last_epoch: int = -1) -> None:
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError(f"OneCycleLR: total_steps is None, epochs {epochs} and steps_per_epoch {steps_per_epoch}; "
                             "give total_steps, or both of the others")
        for name, value in (("total_steps", total_steps), ("epochs", epochs), ("steps_per_epoch", steps_per_epoch)):
            if value is not None and (value <= 0 or not isinstance(value, int)):
                raise ValueError(f"OneCycleLR: {name} is {value} but a whole number of at least 1 is needed")
        if not 0 <= pct_start <= 1 or not isinstance(pct_start, float):
            raise ValueError(f"OneCycleLR: pct_start is {pct_start} but a float between 0 and 1 is needed")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy is {anneal_strategy!r}; use 'cos' or 'linear'")
        self.total_steps = total_steps or (epochs or 0) * (steps_per_epoch or 0)
        self._anneal_func_type, self.cycle_momentum = anneal_strategy, cycle_momentum
        up, last = float(pct_start * self.total_steps) - 1, self.total_steps - 1
        if three_phase:
            self._schedule_phases = [_phase(up, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                                     _phase(2 * up, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                                     _phase(last, "initial_lr", "min_lr", "max_momentum", "max_momentum")]
        else:
            self._schedule_phases = [_phase(up, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                                     _phase(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, _each("OneCycleLR", "max_lr", max_lr, optimizer)):
                group["initial_lr"], group["max_lr"] = top / div_factor, top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            self.use_beta1 = _momentum("OneCycleLR", optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"OneCycleLR: step {step} of {self.total_steps}; the cycle is over, make another")
        ends = [phase["end_step"] for phase in self._schedule_phases]
        k = next((k for k, end in enumerate(ends) if step <= end), len(ends) - 1)
        start, phase = (ends[k - 1] if k else 0.0), self._schedule_phases[k]
        done = (step - start) / (ends[k] - start)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                _set_momentum(group, self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], done))
        return [self._between(group[phase["start_lr"]], group[phase["end_lr"]], done) for group in self.optimizer.param_groups]

    def _between(self, start: float, end: float, done: float) -> float:
        if self._anneal_func_type == "linear":
            return start + (end - start) * done
        return end + (start - end) / 2 * (1 + cos(pi * done))


def _phase(end: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    """Until which step rate and momentum go from where to where; the ends are entries of a group."""
    return {"end_step": end, "start_lr": start_lr, "end_lr": end_lr, "start_momentum": start_momentum,
            "end_momentum": end_momentum}


class CyclicLR(LRScheduler):
    """From `base_lr` to `max_lr` in `step_size_up` steps, back in `step_size_down`, and again (arXiv 1506.01186).

    `mode` "triangular2" halves the height after each cycle, "exp_range" multiplies it by gamma^step; a `scale_fn` of the
    cycle (from 1) or, with `scale_mode` "iterations", of the step takes its place. The momentum (or beta1) goes the other
    way, if `cycle_momentum`.
    """

    def __init__(self, optimizer: Optimizer, base_lr: Rates, max_lr: Rates, step_size_up: int = 2000,
                 step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
                 scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle", cycle_momentum: bool = True,
                 base_momentum: Rates = 0.8, max_momentum: Rates = 0.9, last_epoch: int = -1) -> None:
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"CyclicLR: mode is {mode!r}; use 'triangular', 'triangular2', 'exp_range' or a scale_fn")
        base = _each("CyclicLR", "base_lr", base_lr, optimizer)
        self.max_lrs = _each("CyclicLR", "max_lr", max_lr, optimizer)
        self.total_size = float(step_size_up + (step_size_up if step_size_down is None else step_size_down))
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base):
                group["lr"] = group["initial_lr"] = rate
        if cycle_momentum:
            self.use_beta1 = _momentum("CyclicLR", optimizer, base_momentum, max_momentum, last_epoch)
            self.base_momentums = [group["base_momentum"] for group in optimizer.param_groups]
            self.max_momentums = [group["max_momentum"] for group in optimizer.param_groups]
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base

    def scale_fn(self, x: float) -> float:
        """The height of a triangle, over that of the first."""
        if self._scale_fn is not None:
            return self._scale_fn(x)
        return 1.0 if self.mode == "triangular" else 2 ** (1.0 - x) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[float]:
        cycle = floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                _set_momentum(group, group["max_momentum"] - (group["max_momentum"] - group["base_momentum"]) * height)
        return [base + (top - base) * height for base, top in zip(self.base_lrs, self.max_lrs)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and the function."""
        return {name: value for name, value in super().state_dict().items() if name != "_scale_fn"}


def _each(operation: str, name: str, value: Rates, optimizer: Optimizer) -> list[float]:
    """One number for each group."""
    groups = len(optimizer.param_groups)
    values = [float(value)] * groups if isinstance(value, (int, float)) else [float(v) for v in value]
    if len(values) != groups:
        raise ValueError(f"{operation}: {len(values)} {name} for {groups} groups; give one, or one for each")
    return values


def _momentum(operation: str, optimizer: Optimizer, least: Rates, most: Rates, last_epoch: int) -> bool:
    """Note each group's bounds, and start at the upper one; whether it is the first beta."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(f"{operation}: cycle_momentum is True but {type(optimizer).__name__} has no momentum; "
                         "pass cycle_momentum=False")
    if last_epoch == -1:
        lows, highs = _each(operation, "base_momentum", least, optimizer), _each(operation, "max_momentum", most, optimizer)
        for group, low, high in zip(optimizer.param_groups, lows, highs):
            group["max_momentum"], group["base_momentum"] = high, low
            _set_momentum(group, high)
    return "betas" in optimizer.defaults


def _set_momentum(group: Group, value: float) -> None:
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value
