"""Adam and what was made of it: AdamW, NAdam, RAdam, Adamax. Names and meanings are PyTorch's."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from ..devices import kernels
from ..tensor import Tensor
from .flat import flat, zeros
from .optimizer import NUMBERS, Group, Optimizer, Params


class Adam(Optimizer):
    """p -= lr * m' / (sqrt(v') + eps), where m and v are running means of the gradient and of its square.

    m' = m / (1 - beta1^step) and v' = v / (1 - beta2^step) make up for their start at zero (arXiv 1412.6980).
    weight_decay * p is added to the gradient, or with `decoupled_weight_decay` p shrinks by lr * weight_decay before the
    step. `amsgrad` divides by the greatest v so far (arXiv 1904.09237); `maximize` goes up the gradient.
    """

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
                 capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
                 decoupled_weight_decay: bool = False) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
                   "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, self.hints(options, foreach=foreach, capturable=capturable, differentiable=differentiable,
                                                fused=fused))

    def check(self, group: Group) -> None:
        super().check(group)
        kinds = [isinstance(beta, Tensor) for beta in group["betas"]]
        if any(kinds) != all(kinds):
            raise ValueError(f"{type(self).__name__}: betas are {group['betas']} but must be both numbers or both tensors")
        if group["foreach"] and (any(kinds) or isinstance(group["lr"], Tensor)):
            raise ValueError(f"{type(self).__name__}: foreach is True but lr or betas are tensors; leave it out")

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, exp_avg=zeros(p), exp_avg_sq=zeros(p))
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = zeros(p)
        beta1, beta2 = group["betas"]
        step = state["step"] = state["step"] + 1
        top = state["max_exp_avg_sq"] if group["amsgrad"] else None
        _step(self, p, group, state, top, group["lr"] / (1 - beta1**step), 0.0, 1 / sqrt(1 - beta2**step), group["eps"])


class AdamW(Adam):
    """Adam whose weight decay is not part of the gradient (arXiv 1711.05101)."""

    def __init__(self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
                 capturable: bool = False, differentiable: bool = False, fused: bool | None = None) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
                         capturable=capturable, differentiable=differentiable, fused=fused, decoupled_weight_decay=True)


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016): the step looks ahead by the next step's share of the gradient.

    The momentum grows with the steps towards beta1, the faster the larger `momentum_decay`.
    """

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
                 foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
                   "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, self.hints(options, foreach=foreach, capturable=capturable,
                                                differentiable=differentiable))

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, mu_product=1.0, exp_avg=zeros(p), exp_avg_sq=zeros(p))
        beta1, beta2 = group["betas"]
        step = state["step"] = state["step"] + 1
        mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (step, step + 1))
        product = state["mu_product"] = float(np.float32(state["mu_product"] * mu))  # as it is saved
        _step(self, p, group, state, None, group["lr"] * ahead / (1 - product * ahead), group["lr"] * (1 - mu) / (1 - product),
              1 / sqrt(1 - beta2**step), group["eps"])


class RAdam(Optimizer):
    """Adam that divides by sqrt(v) only once v is known well enough, and then by degrees (arXiv 1908.03265)."""

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
                   "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, self.hints(options, foreach=foreach, capturable=capturable,
                                                differentiable=differentiable))

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, exp_avg=zeros(p), exp_avg_sq=zeros(p))
        beta1, beta2 = group["betas"]
        step = state["step"] = state["step"] + 1
        rate, known = group["lr"] / (1 - beta1**step), 1 - beta2**step
        most = 2 / (1 - beta2) - 1
        length = most - 2 * step * beta2**step / known  # of the average that v is
        if length > 5:
            rectified = sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
            _step(self, p, group, state, None, rate * rectified * sqrt(known), 0.0, 1.0, group["eps"])
        else:
            _step(self, p, group, state, None, rate, 0.0, 0.0, 1.0)  # divided by 1


class Adamax(Optimizer):
    """p -= lr / (1 - beta1^step) * m / u, u the decaying maximum of the gradient's size (arXiv 1412.6980, section 7)."""

    numbers = NUMBERS

    def __init__(self, params: Params, lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False,
                 differentiable: bool = False, capturable: bool = False) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, self.hints(options, foreach=foreach, capturable=capturable,
                                                differentiable=differentiable))

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, exp_avg=zeros(p), exp_inf=zeros(p))
        state["step"] += 1
        arrays = flat(p.array, self.gradient(p, group), state["exp_avg"].array, state["exp_inf"].array)
        rate = group["lr"] / (1 - group["betas"][0] ** state["step"])
        kernels(p.array).update.adamax(*arrays, rate, *group["betas"], group["eps"], group["weight_decay"])


def _step(self: Optimizer, p: Tensor, group: Group, state: dict[str, Any], top: Tensor | None, rate: float, ahead: float,
          correction: float, eps: float) -> None:
    """The kernel of Adam's kind, whose numbers make the kinds."""
    tops = [] if top is None else [top.array]
    arrays = flat(p.array, self.gradient(p, group), state["exp_avg"].array, state["exp_avg_sq"].array, *tops)
    decay = group["weight_decay"]
    decay, shrink = (0.0, 1 - group["lr"] * decay) if group["decoupled_weight_decay"] else (decay, 1.0)
    kernels(p.array).update.adam(*arrays[:4], arrays[4] if tops else None, rate, ahead, correction, *group["betas"], eps,
                                decay, shrink)
