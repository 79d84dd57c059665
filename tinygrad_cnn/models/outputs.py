"""What networks with auxiliary heads return while they are trained, and the loss they are trained with.

An auxiliary head is a small classifier on a layer in the middle: its loss sends gradient to the layers below it without
the way through all those above. It is left out of evaluation, where these networks return plain logits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..nn import functional as F
from ..tensor import Tensor


class GoogLeNetOutputs(NamedTuple):
    """Logits (n, num_classes) of GoogLeNet while it is trained: of the network, of the head on 4d, of the head on 4a."""

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor

    @property
    def auxiliary_weight(self) -> float:
        """How much the loss of each auxiliary head counts (arXiv 1409.4842, section 5)."""
        return 0.3


class InceptionOutputs(NamedTuple):
    """Logits (n, num_classes) of Inception v3 while it is trained: of the network, and of its auxiliary head."""

    logits: Tensor
    aux_logits: Tensor

    @property
    def auxiliary_weight(self) -> float:
        """How much the loss of the auxiliary head counts, as in the network's first release."""
        return 0.4


Outputs = Tensor | GoogLeNetOutputs | InceptionOutputs


def main_logits(outputs: Outputs) -> Tensor:
    """The logits of the network itself, whatever heads it has beside them."""
    return outputs if isinstance(outputs, Tensor) else outputs.logits


def classification_loss(outputs: Outputs, target: Tensor,
                        criterion: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy) -> Tensor:
    """criterion(logits, target), plus the paper's `auxiliary_weight` times that of each auxiliary head.

    `outputs` is what the network returned, plain logits or a named tuple.
    """
    loss = criterion(main_logits(outputs), target)
    if not isinstance(outputs, Tensor):
        for auxiliary in outputs[1:]:
            loss = loss + outputs.auxiliary_weight * criterion(auxiliary, target)
    return loss
