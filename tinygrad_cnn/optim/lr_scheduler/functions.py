"""Learning rates by functions of the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler

Factor = Callable[[int], float]


class LambdaLR(LRScheduler):
    """The base rate times `lr_lambda(step)`; one function for all groups or a list with one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1) -> None:
        self.lr_lambdas = _for_each_group(type(self).__name__, optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and the functions, which the constructor is given again; of callable objects what
        they hold."""
        held = [None if isinstance(factor, FunctionType) else dict(vars(factor)) for factor in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": held}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict` was asked."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for factor, held in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            vars(factor).update(held or {})


class MultiplicativeLR(LambdaLR):
    """The rate times `lr_lambda(step)` at every step but the first."""

    def get_lr(self) -> list[float]:
        return self._rates() if self._is_initial else self.rates_at(self.last_epoch)

    def rates_at(self, step: int) -> list[float]:
        return [rate * factor(step) for rate, factor in zip(self._rates(), self.lr_lambdas)]


def _for_each_group(name: str, optimizer: Optimizer, given: Factor | Sequence[Factor]) -> list[Factor]:
    groups = len(optimizer.param_groups)
    functions = [given] * groups if callable(given) else list(given)
    if len(functions) != groups:
        raise ValueError(f"{name}: {len(functions)} functions for {groups} groups; give one, or one for each")
    return functions
