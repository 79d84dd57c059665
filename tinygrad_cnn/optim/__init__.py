"""Optimizers, learning rate schedules (`lr_scheduler`) and weight averaging."""

from . import lr_scheduler
from .adam import Adam, AdamW
from .ema import EMA
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["EMA", "SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
