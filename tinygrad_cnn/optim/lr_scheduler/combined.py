"""Several schedules on one optimizer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler


class _Several(LRScheduler):
    """Schedules whose states are kept in its own."""

    _schedulers: list[LRScheduler]

    def state_dict(self) -> dict[str, Any]:
        """The states of all schedules with what is kept beside them."""
        return {**super().state_dict(), "_schedulers": [schedule.state_dict() for schedule in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict` was asked."""
        for schedule, state in zip(self._schedulers, state_dict["_schedulers"]):
            schedule.load_state_dict(state)
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_schedulers"})


class SequentialLR(_Several):
    """`schedulers` one after another: number k takes over at step `milestones[k - 1]` and starts at its own step 0."""

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int],
                 last_epoch: int = -1) -> None:
        if not schedulers:
            raise ValueError("SequentialLR: schedulers is empty but at least one is needed; give a list of schedules")
        if any(isinstance(schedule, ReduceLROnPlateau) for schedule in schedulers):
            raise ValueError("SequentialLR: a schedule is a ReduceLROnPlateau, which needs a measurement at every step; use it "
                             "alone")
        if any(schedule.optimizer is not optimizer for schedule in schedulers):
            raise ValueError("SequentialLR: a schedule belongs to another optimizer; make all of one optimizer")
        if len(milestones) != len(schedulers) - 1 or list(milestones) != sorted(milestones):
            raise ValueError(f"SequentialLR: {len(schedulers)} schedulers with milestones {list(milestones)}; "
                             "give one step, in ascending order, between each two")
        self._schedulers, self._milestones = list(schedulers), list(milestones)
        self.optimizer, self.last_epoch = optimizer, last_epoch + 1
        for group in optimizer.param_groups:  # what the schedules' constructors made of it is undone
            group["lr"] = group["initial_lr"]
        for schedule in schedulers:
            _rewind(schedule)
        self._schedulers[bisect_right(self._milestones, 0)]._initial_step()
        self._last_lr = self._rates()

    def step(self) -> None:  # type: ignore[override]  # steps follow one another
        """One step further, with the schedule whose turn it is."""
        self.last_epoch += 1
        k = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[k]
        if k and self._milestones[k - 1] == self.last_epoch:
            schedule._update_lr(0)
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()


class ChainedScheduler(_Several):
    """All `schedulers` at every step, one on the rates that the other left."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler: schedulers is empty but at least one is needed; give a list of schedules")
        self._schedulers = list(schedulers)
        self.optimizer = optimizer or self._schedulers[0].optimizer
        if any(schedule.optimizer is not self.optimizer for schedule in schedulers):
            raise ValueError("ChainedScheduler: a schedule belongs to another optimizer; make all of one optimizer")
        self._last_lr = self._rates()

    def step(self) -> None:  # type: ignore[override]  # steps follow one another
        """One step further with every schedule."""
        for schedule in self._schedulers:
            schedule.step()
        self._last_lr = self._rates()


def _rewind(schedule: LRScheduler) -> None:
    schedule.last_epoch -= 1
    for part in getattr(schedule, "_schedulers", ()):
        _rewind(part)
