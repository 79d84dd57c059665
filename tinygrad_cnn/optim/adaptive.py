"""Step sizes of each parameter's own: Adagrad, RMSprop, Adadelta. Names and meanings are PyTorch's."""

from __future__ import annotations

from typing import Any

from ..devices import kernels
from ..tensor import Tensor
from .flat import flat, zeros
from .optimizer import NUMBERS, Group, Optimizer, Params


class Adagrad(Optimizer):
    """p -= lr / (1 + (step - 1) lr_decay) * g / (sqrt(sum) + eps), the sum of all squares of g (Duchi et al. 2011).

    The sum starts at `initial_accumulator_value`.
    """

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
                 initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
                 maximize: bool = False, differentiable: bool = False, fused: bool | None = None) -> None:
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                   "initial_accumulator_value": initial_accumulator_value, "maximize": maximize}
        super().__init__(params, self.hints(options, foreach=foreach, differentiable=differentiable, fused=fused))
        for group in self.param_groups:
            for p in group["params"]:
                self._begin(p, group, self.state[p])

    def _begin(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        state.update(step=0, sum=zeros(p).fill_(group["initial_accumulator_value"]))

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        if not state:  # of a group that was added
            self._begin(p, group, state)
        state["step"] += 1
        rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        arrays = flat(p.array, self.gradient(p, group), state["sum"].array)
        kernels(p.array).update.adagrad(*arrays, rate, group["eps"], group["weight_decay"])


class RMSprop(Optimizer):
    """p -= lr * g / (sqrt(v) + eps), v the running mean of the square of g (Hinton 2012, lecture 6).

    `centered` subtracts the square of g's running mean from v (arXiv 1308.0850, section 4.2); with `momentum` the steps
    are gathered in a velocity.
    """

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
                 momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
                 maximize: bool = False, differentiable: bool = False) -> None:
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
                   "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, self.hints(options, foreach=foreach, capturable=capturable,
                                                differentiable=differentiable))

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        names = [name for name, used in (("grad_avg", group["centered"]), ("momentum_buffer", group["momentum"] > 0)) if used]
        if not state:
            state.update(step=0, square_avg=zeros(p), **{name: zeros(p) for name in names})
        state["step"] += 1
        weights, gradient, square, *more = flat(p.array, self.gradient(p, group), state["square_avg"].array,
                                                *[state[name].array for name in names])
        extra = dict(zip(names, more))
        options = [group[name] for name in ("lr", "alpha", "eps", "weight_decay", "momentum")]
        centered, momentum = extra.get("grad_avg"), extra.get("momentum_buffer")
        kernels(p.array).update.rmsprop(weights, gradient, square, centered, momentum, *options)


class Adadelta(Optimizer):
    """p -= lr * step, step = sqrt(u + eps) / sqrt(v + eps) * g; v and u: running means of g^2, step^2 (arXiv 1212.5701)."""

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
                 foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False,
                 differentiable: bool = False) -> None:
        options = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, self.hints(options, foreach=foreach, capturable=capturable,
                                                differentiable=differentiable))

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, square_avg=zeros(p), acc_delta=zeros(p))
        state["step"] += 1
        arrays = flat(p.array, self.gradient(p, group), state["square_avg"].array, state["acc_delta"].array)
        kernels(p.array).update.adadelta(*arrays, group["lr"], group["rho"], group["eps"], group["weight_decay"])
