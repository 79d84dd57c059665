"""Deep networks with stochastic depth: while training, each residual block is skipped at random for a whole batch.

Of L blocks the l-th lives with probability p_l = 1 - l / L (1 - p_L): early blocks, which all others need, nearly always,
the last with p_L = 0.5. A skipped block is its shortcut and costs nothing, so that training is shorter and the network an
ensemble of many depths. In evaluation all blocks run, each branch times its p_l.

Exact: ResNet-110 with option A, 1,727,962 parameters and (3L - 1) / 4 = 40.25 of L = 54 blocks alive on average. The
authors' code has 1,732,010 (biases before batch norms) and averages 2x2 pixels where option A takes every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..creation import rand
from ..nn import Module, functional
from ..tensor import Tensor
from .registry import Paper, register
from .resnet import WIDTHS, BasicBlock, CifarResNet

PAPER = Paper(2016, "Deep networks with stochastic depth", "arXiv 1603.09382")


def chance() -> float:
    """A uniform number in [0, 1) of the package's stream, the same whatever device the network is on."""
    return float(rand(1, device="cpu").item())


def dropping(module: Module, x: Tensor) -> bool:
    """Whether `module` may skip layers for `x`: while training, but not on the meta device, where shapes are looked at."""
    return module.training and x.device.type != "meta"


class StochasticDepth(BasicBlock):
    """A `BasicBlock` whose branch lives with probability `survival` while training, and is scaled by it in evaluation.

    The draw is one for the whole batch. On the meta device, where only shapes are looked at, the branch always lives.
    Raises if `survival` is not between 0 and 1.
    """

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Module | None = None,
                 survival: float = 1.0, **kwargs: Any) -> None:
        functional.check_probability("StochasticDepth", survival)
        super().__init__(inplanes, planes, stride, downsample, **kwargs)
        self.survival = survival

    def lives(self) -> bool:
        """A new draw."""
        return chance() < self.survival

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.relu(self.branch(x) * self.survival + self.shortcut(x))
        if dropping(self, x) and not self.lives():
            return self.relu(self.shortcut(x))
        return super().forward(x)

    def extra_repr(self) -> str:
        return f"survival={self.survival:g}"


class StochasticDepthResNet(CifarResNet):
    """A `CifarResNet` whose blocks live with probabilities that fall linearly to `survival`, that of the last:
    (n, in_channels, h, w) -> (n, num_classes). Keys are the same and, if `survival` is 1, results too."""

    def __init__(self, depth: int, survival: float = 0.5, num_classes: int = 10, in_channels: int = 3,
                 shortcut: str = "A", widths: Sequence[int] = WIDTHS) -> None:
        functional.check_probability("StochasticDepthResNet", survival)
        super().__init__(StochasticDepth, depth, num_classes, in_channels, shortcut, widths)
        blocks = [module for module in self.modules() if isinstance(module, StochasticDepth)]
        for k, block in enumerate(blocks, 1):
            block.survival = 1 - k / len(blocks) * (1 - survival)


@register(input=(3, 32, 32), paper=PAPER)
def cifar_resnet110_stochastic_depth(**kwargs: Any) -> StochasticDepthResNet:
    """ResNet-110 with stochastic depth: 1,727,962 parameters. `kwargs` are `StochasticDepthResNet`'s."""
    return StochasticDepthResNet(110, **kwargs)
