"""What all schedules share."""

from __future__ import annotations

from typing import Any

from ..optimizer import Group, Optimizer


class LRScheduler:
    """Base class: sets the learning rates of `optimizer` now, for step 0, and at every `step()`.

    A step is whatever the caller makes it, an epoch or an update. A subclass defines `get_lr`: the rates of all groups
    at step `last_epoch`, made of those in force, so that several schedules can act on one optimizer. `base_lrs` are the
    rates when the first schedule was made (kept in each group as "initial_lr"). With a `last_epoch` of its own a schedule
    goes on from there, on groups that have an "initial_lr".
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: optimizer is a {type(optimizer).__name__}; give an Optimizer")
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"{type(self).__name__}: last_epoch is {last_epoch} but a group has no 'initial_lr'; "
                               "load the optimizer's state first, or leave last_epoch out")
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Step 0, which sets the rates to start with."""
        self._step_count, self._is_initial = 0, True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The learning rates of all groups at step `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__}: get_lr is missing; define get_lr(self)")

    def rates_at(self, step: int) -> list[float]:
        """The learning rates at a step that need not follow the last one; for most schedules `get_lr` says no less."""
        self.last_epoch = step
        return self.get_lr()

    def step(self, epoch: int | None = None) -> None:
        """One step further, or to step `epoch`."""
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        if epoch is None:
            self.last_epoch += 1
            self._set(self.get_lr())
        else:
            self._set(self.rates_at(epoch))
            self.last_epoch = epoch
        self._get_lr_called_within_step = False

    def _set(self, rates: list[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates):
            group["lr"] = rate
        self._last_lr = self._rates()

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """The learning rates that the last step set."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and functions."""
        return {name: value for name, value in vars(self).items() if name != "optimizer" and not callable(value)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict` was asked; the rates of then are part of the optimizer's own state."""
        vars(self).update(state_dict)


class Decay(LRScheduler):
    """A schedule that multiplies each rate, less `floor`, by a factor that depends on the step alone."""

    floor = 0.0

    def share(self, step: int) -> float:
        """What the rate at `step` is, over the base rate; both less `floor`."""
        raise NotImplementedError(f"{type(self).__name__}: share is missing; define share(self, step)")

    def get_lr(self) -> list[float]:
        now, before = self.share(self.last_epoch), self.share(self.last_epoch - 1) if self.last_epoch > 0 else 1.0
        if before == 0:  # nothing is left that could be multiplied
            return [rate + (base - self.floor) * now for rate, base in zip(self._rates(), self.base_lrs)]
        return [self._beyond_floor(group, now / before) for group in self.optimizer.param_groups]

    def _beyond_floor(self, group: Group, ratio: float) -> float:
        rate: float = group["lr"]
        return rate if ratio == 1 else self.floor + (rate - self.floor) * ratio

    def rates_at(self, step: int) -> list[float]:
        return [self.floor + (base - self.floor) * self.share(step) for base in self.base_lrs]
