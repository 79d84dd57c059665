"""What a recipe is: everything that decides how a run goes, apart from network, data and seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..data import Compose, ElasticTransform, RandomAffine, RandomCrop, RandomHorizontalFlip, RandomResizedCrop, Resample
from ..data.transforms import GridTransform, Transform
from ..nn.module import Module
from ..optim import SGD, AdamW, Optimizer, RMSprop

SCHEDULES = ("cosine", "linear", "steps", "exponential", "inverse")


@dataclass(frozen=True)
class Recipe:
    """How to train.

    epochs           passes over the training images
    batch_size       images in a batch; a last batch that is not full is left out
    lr               the largest learning rate
    optimizer        "adamw", "sgd" (`momentum`, `nesterov`) or "rmsprop" (`momentum`, alpha 0.9, eps 1)
    warmup           steps in which the rate climbs to `lr`, or, with `cold`, stays at that share of it
    schedule         what it does then: down to 0 at the last step, "cosine" or "linear"; "steps": times `drop` at each of
                     `drops`, parts of the whole; "exponential": falls evenly to `decay` of it; "inverse": (1 + part)^-0.75
    rotation, shear  images are turned and slanted at random by up to so many degrees
    shift            moved by up to so many pixels
    scale            enlarged or reduced by up to this fraction
    elastic          and distorted: alpha of `ElasticTransform`, 0 for none, with a smoothness of `elastic_sigma` pixels
    crop             cut anywhere out of the image padded by so many pixels
    resized_crop     a part of random size and shape, scaled to the image's size
    flip             mirrored, half of them
    normalize        mean and standard deviation of the training images' channels are taken out
    label_smoothing  probability taken from the true class and shared by all
    clip             the most that the norm of all gradients may be, 0 for no bound
    average          decay of the weights' running average, which is what is scored and saved; 0 for none
    """

    epochs: int
    batch_size: int
    lr: float
    optimizer: str = "adamw"
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    warmup: int = 0
    cold: float = 0.0
    schedule: str = "cosine"
    drops: tuple[float, ...] = ()
    drop: float = 0.1
    decay: float = 1.0
    rotation: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 5.0
    crop: int = 0
    resized_crop: bool = False
    flip: bool = False
    normalize: bool = False
    label_smoothing: float = 0.0
    clip: float = 0.0
    average: float = 0.0

    def rate(self, step: int, steps: int) -> float:
        """The learning rate after `step` of `steps` steps, as a share of the largest one."""
        done = step / max(steps, 1)
        if self.schedule == "steps":
            shape = self.drop ** sum(done >= at for at in self.drops)
        elif self.schedule == "exponential":
            shape = self.decay**done
        elif self.schedule == "inverse":
            shape = (1 + done) ** -0.75
        else:
            shape = 0.5 * (1 + math.cos(math.pi * done)) if self.schedule == "cosine" else 1 - done
        if self.cold:
            return shape * (self.cold if step < self.warmup else 1.0)
        return shape * (min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0)

    def build_optimizer(self, network: Module) -> Optimizer:
        """The optimizer of all parameters of `network`."""
        if self.optimizer == "sgd":
            return SGD(network.parameters(), self.lr, momentum=self.momentum, weight_decay=self.weight_decay,
                       nesterov=self.nesterov)
        if self.optimizer == "rmsprop":
            return RMSprop(network.parameters(), self.lr, alpha=0.9, eps=1.0, momentum=self.momentum,
                           weight_decay=self.weight_decay)
        return AdamW(network.parameters(), self.lr, weight_decay=self.weight_decay)

    def augmentation(self, size: tuple[int, int]) -> Transform | None:
        """The random changes of images of `size` (height, width), None if there are none."""
        moves: list[GridTransform] = []
        if self.rotation or self.shift or self.scale or self.shear:
            sizes = (1 - self.scale, 1 + self.scale)
            moves.append(RandomAffine(self.rotation, self.shift / size[1], sizes, self.shear))
        if self.elastic:
            moves.append(ElasticTransform(self.elastic, self.elastic_sigma))
        found: list[Transform] = [Resample(moves)] if moves else []
        if self.resized_crop:
            found.append(RandomResizedCrop(size))
        if self.crop:
            found.append(RandomCrop(size, self.crop))
        if self.flip:
            found.append(RandomHorizontalFlip())
        return Compose(found) if len(found) > 1 else found[0] if found else None
