"""Averages of a network's weights by PyTorch's names: stochastic weight averaging (arXiv 1803.05407) and others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from math import cos, pi
from typing import Any

from ..grad_mode import no_grad
from ..nn.module import Module
from ..nn.norm import BatchNorm
from ..tensor import Tensor
from .lr_scheduler import LRScheduler
from .optimizer import Optimizer

Average = Callable[[Tensor, Tensor, Tensor], Any]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], Any]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """decay * average + (1 - decay) * weight."""
    _decay("get_ema_avg_fn", decay)
    return lambda average, current, count: decay * average + (1 - decay) * current


def get_swa_avg_fn() -> Average:
    """The plain mean of all weights so far."""
    return lambda average, current, count: average + (current - average) / (count + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """`get_ema_avg_fn` of lists, in place."""
    return _each(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> MultiAverage:
    """`get_swa_avg_fn` of lists, in place."""
    return _each(get_swa_avg_fn())


def _each(average: Average) -> MultiAverage:
    def update(averages: Sequence[Tensor], currents: Sequence[Tensor], count: Tensor) -> None:
        for mean, current in zip(averages, currents):
            mean.copy_(average(mean, current, count))

    return update


def _decay(name: str, decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"{name}: decay is {decay} but must lie between 0 and 1")


class AveragedModel(Module):
    """A copy of `model`, `module`, whose weights are the average of all that `update_parameters(model)` has seen.

    The average is the mean, or what `avg_fn(average, current, count)` or `multi_avg_fn` of lists make of it. Buffers are
    averaged too with `use_buffers`, else copied. Called as the network is.
    """

    n_averaged: Tensor

    def __init__(self, model: Module, device: Any = None, avg_fn: Average | None = None,
                 multi_avg_fn: MultiAverage | None = None, use_buffers: bool = False) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("AveragedModel: avg_fn and multi_avg_fn are both given; give one of them")
        self.module = deepcopy(model) if device is None else deepcopy(model).to(device)
        first = next(self.module.parameters(), None)
        count = Tensor(1).zero_().long().reshape(())
        self.register_buffer("n_averaged", count if first is None else count.to(first.device))
        self.use_buffers = use_buffers
        self.update_all = multi_avg_fn or _each(avg_fn or get_swa_avg_fn())

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present weights of `model` into the average; the first ones are copied."""
        averages, currents = (self._averaged(each) for each in (self.module, model))
        with no_grad():
            if self.n_averaged == 0:
                for mean, current in zip(averages, currents):
                    mean.copy_(current)
            else:
                self.update_all(averages, [t.detach().to(mean.device) for t, mean in zip(currents, averages)], self.n_averaged)
            if not self.use_buffers:
                for own, buffer in zip(self.module.buffers(), model.buffers()):
                    own.copy_(buffer)
            self.n_averaged.add_(1)

    def _averaged(self, model: Module) -> list[Tensor]:
        return [t.detach() for t in (*model.parameters(), *(model.buffers() if self.use_buffers else ()))]


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Running statistics of all batch norms anew, as means over the batches of `loader`, of which a list's first is read."""
    norms = [m for m in model.modules() if isinstance(m, BatchNorm)]
    if not norms:
        return
    training, momenta = model.training, [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    with no_grad():
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """From each group's rate to `swa_lr` in `anneal_epochs` steps, along half a cosine or "linear", and there to stay."""

    def __init__(self, optimizer: Optimizer, swa_lr: float | Sequence[float], anneal_epochs: int = 10,
                 anneal_strategy: str = "cos", last_epoch: int = -1) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy is {anneal_strategy!r}; use 'cos' or 'linear'")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs is {anneal_epochs} but a whole number of at least 0 is needed")
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, Sequence) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(f"SWALR: {len(rates)} swa_lr for {len(groups)} groups; give one, or one for each")
        for group, rate in zip(groups, rates):
            group["swa_lr"] = rate
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Each rate is the blend of its start, found again from the one in force, and `swa_lr`."""
        if self.anneal_epochs == 0:
            return [group["swa_lr"] for group in self.optimizer.param_groups]
        before, now = (self._share(step) for step in (self.last_epoch - 1, self.last_epoch))
        starts = [group["swa_lr"] if before == 1 else (group["lr"] - before * group["swa_lr"]) / (1 - before)
                  for group in self.optimizer.param_groups]
        return [now * group["swa_lr"] + (1 - now) * start for group, start in zip(self.optimizer.param_groups, starts)]

    def _share(self, step: int) -> float:
        """How much of the way is done."""
        done = max(0.0, min(1.0, step / self.anneal_epochs))
        return (1 - cos(pi * done)) / 2 if self._anneal_strategy == "cos" else done
