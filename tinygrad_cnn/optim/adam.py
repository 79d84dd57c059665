"""Adam (arXiv 1412.6980) and AdamW (arXiv 1711.05101)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..devices import kernels
from ..tensor import Tensor
from .flat import flat, zeros
from .optimizer import Group, Optimizer


class Adam(Optimizer):
    """p -= lr * m' / (sqrt(v') + eps), where m and v are running means of the gradient and of its square.

    m' = m / (1 - beta1^step) and v' = v / (1 - beta2^step) make up for their start at zero. weight_decay * p is added
    to the gradient. Names and meanings are PyTorch's.
    """

    decoupled: ClassVar[bool] = False

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], lr: float = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def check(self, group: Group) -> None:
        super().check(group)
        if not all(0 <= beta < 1 for beta in group["betas"]):
            raise ValueError(f"{type(self).__name__}: betas are {group['betas']} but must be at least 0 and below 1")

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        assert p.grad is not None
        if not state:
            state.update(step=0, exp_avg=zeros(p), exp_avg_sq=zeros(p))
        state["step"] += 1
        arrays = flat(p.data, p.grad.data, state["exp_avg"].data, state["exp_avg_sq"].data)
        kernels(p.data).update.adam(*arrays, group["lr"], *group["betas"], group["eps"], group["weight_decay"],
                                    self.decoupled, state["step"])


class AdamW(Adam):
    """Adam whose weight decay is not part of the gradient: p shrinks by lr * weight_decay before the step."""

    decoupled = True

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], lr: float = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
