"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any

from ..devices import kernels
from ..tensor import Tensor
from .flat import flat, zeros
from .optimizer import NUMBERS, Group, Optimizer, Params


class SGD(Optimizer):
    """p -= lr * v, where v = momentum * v + (1 - dampening) * g and g is the gradient plus weight_decay * p.

    The first v is g. With `nesterov` the step is g + momentum * v (Sutskever et al. 2013); `maximize` goes up the
    gradient. Names and meanings are PyTorch's.
    """

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
                 weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None,
                 differentiable: bool = False, fused: bool | None = None) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                   "nesterov": nesterov, "maximize": maximize}
        super().__init__(params, self.hints(options, foreach=foreach, differentiable=differentiable, fused=fused))

    def check(self, group: Group) -> None:
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError(f"SGD: nesterov with momentum {group['momentum']} and dampening {group['dampening']}; "
                             "give a momentum and no dampening")

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        first = "momentum_buffer" not in state
        if first and group["momentum"]:
            state["momentum_buffer"] = zeros(p)
        velocity = [state["momentum_buffer"].array] if group["momentum"] else []
        weights, gradient, *velocity = flat(p.array, self.gradient(p, group), *velocity)
        options = [group[name] for name in ("lr", "momentum", "dampening", "weight_decay", "nesterov")]
        kernels(weights).update.sgd(weights, gradient, velocity[0] if velocity else None, *options, first)
