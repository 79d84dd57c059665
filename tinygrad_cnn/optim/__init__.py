"""Optimizers, learning rate schedules (`lr_scheduler`) and weight averaging."""

from typing import TYPE_CHECKING

from ..left_out import guard
from . import lr_scheduler, swa_utils
from .adam import Adam, Adamax, AdamW, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .ema import EMA
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["EMA", "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop",
           "lr_scheduler", "swa_utils"]


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("optim", globals())
