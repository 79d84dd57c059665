"""A running average of a network's weights: smoother than the last step, and most often more accurate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..devices import kernels
from ..grad_mode import no_grad
from ..nn.module import Module
from ..nn.parameter import replace
from .flat import flat


class EMA:
    """average += (1 - d) * (weight - average) after every optimizer step, d = min(decay, (1 + step) / (10 + step)).

    The smaller d of the first steps keeps the initial weights from lingering (as in TensorFlow's
    ExponentialMovingAverage). Running statistics are averaged alike, counters are copied. The average has the keys of
    the network's state_dict.
    """

    def __init__(self, model: Module, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"EMA: decay is {decay} but must be at least 0 and below 1")
        self.model, self.decay, self.steps = model, decay, 0
        self.average = {key: value.clone() for key, value in model.state_dict().items()}

    def update(self) -> None:
        """Move the average towards the network's present weights."""
        self.steps += 1
        weight = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        with no_grad():
            for key, value in self.model.state_dict().items():
                mean = self.average[key]
                if value.dtype.kind == "f":
                    kernels(mean.array).update.average(*flat(mean.array, value.array), weight)
                else:
                    mean.copy_(value)

    @contextmanager
    def applied(self) -> Iterator[Module]:
        """Within the block the network has the averaged weights; afterwards its own again. Nothing is copied."""
        self._exchange()
        try:
            yield self.model
        finally:
            self._exchange()

    def _exchange(self) -> None:
        tensors = {**dict(self.model.named_parameters()), **dict(self.model.named_buffers())}
        for key, value in tensors.items():
            if key in self.average:
                own, mean = value.detach(), self.average[key].detach()
                replace(value, mean)
                replace(self.average[key], own)

    def state_dict(self) -> dict[str, Any]:
        """{"steps": int, "average": {key: tensor}}."""
        return {"steps": self.steps, "average": dict(self.average)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict` was asked."""
        self.steps = state_dict["steps"]
        with no_grad():
            for key, mean in self.average.items():
                mean.copy_(state_dict["average"][key])
