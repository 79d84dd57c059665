"""The papers' own recipes, as far as they tell them: optimizer, schedule and augmentation of the headline experiment.

Schedules are kept as parts of the whole, so that they stretch to any number of epochs. Where a paper waits for a plateau,
the places of the drops are those of its authors' later code; where it searched its numbers at random for each network
(Highway Networks), the rate is one that works here. Left out is what no field of `Recipe` says: the first dropout paper's
bound on each unit's weights and its rate of 10, AlexNet's separate rates of biases.
"""

from __future__ import annotations

from dataclasses import replace

from .recipe import Recipe

HALVES = (0.5, 0.75)
HALVINGS = (0.5, 0.75, 0.875, 0.9375, 0.96875)  # of the epochs that are left
THIRDS = (1 / 3, 2 / 3)
QUARTERS = (0.25, 0.5, 0.75)

# arXiv 1512.03385, section 4.2: 64,000 steps, the rate a tenth at 32,000 and 48,000
CIFAR_RESNET = Recipe(epochs=164, batch_size=128, lr=0.1, optimizer="sgd", nesterov=False, weight_decay=1e-4,
                      schedule="steps", drops=HALVES, crop=4, flip=True, normalize=True)
COLD_START = replace(CIFAR_RESNET, warmup=400, cold=0.1)  # the same section: 0.01 for 400 steps, for 110 layers
STOCHASTIC_DEPTH = replace(CIFAR_RESNET, epochs=500, nesterov=True)  # arXiv 1603.09382, section 4
CIFAR_DENSENET = replace(CIFAR_RESNET, epochs=300, batch_size=64, nesterov=True)  # arXiv 1608.06993, section 4.2
FRACTALNET = replace(CIFAR_RESNET, epochs=400, batch_size=100, lr=0.02, weight_decay=0.0,
                     drops=HALVINGS)  # arXiv 1605.07648, section 4

IMAGENET = Recipe(epochs=90, batch_size=256, lr=0.1, optimizer="sgd", nesterov=False, weight_decay=1e-4,
                  schedule="steps", drops=THIRDS, resized_crop=True, flip=True, normalize=True)
ALEXNET = replace(IMAGENET, batch_size=128, lr=0.01, weight_decay=5e-4, drops=QUARTERS)  # 2012, section 5
VGG = replace(ALEXNET, epochs=74, batch_size=256)  # arXiv 1409.1556, section 3.1
GOOGLENET = replace(IMAGENET, batch_size=32, lr=0.01, weight_decay=2e-4, schedule="exponential",
                    decay=0.96 ** (90 / 8))  # arXiv 1409.4842, section 6: 4 % less every 8 epochs
INCEPTION = Recipe(epochs=100, batch_size=32, lr=0.045, optimizer="rmsprop", schedule="exponential", decay=0.94**50,
                   resized_crop=True, flip=True, normalize=True, label_smoothing=0.1,
                   clip=2.0)  # arXiv 1512.00567, section 8: times 0.94 every two epochs
XCEPTION = replace(INCEPTION, optimizer="sgd", nesterov=False, weight_decay=1e-5, label_smoothing=0.0,
                   clip=0.0)  # arXiv 1610.02357, section 4.3

LENET = Recipe(epochs=80, batch_size=64, lr=0.01, optimizer="sgd", nesterov=False, weight_decay=5e-4,
               schedule="inverse")  # Caffe's example: 10,000 steps of 64
HIGHWAY = Recipe(epochs=50, batch_size=64, lr=0.01, optimizer="sgd", nesterov=False, schedule="exponential",
                 decay=0.01)  # arXiv 1505.00387, section 3
SIGMOIDS = Recipe(epochs=50, batch_size=60, lr=0.5, optimizer="sgd", momentum=0.0, nesterov=False, schedule="steps")

PAPERS: tuple[tuple[str, str, Recipe], ...] = (
    ("small photographs", "cifar_resnet110_stochastic_depth", STOCHASTIC_DEPTH),
    ("small photographs", "cifar_resnet110", COLD_START),
    ("small photographs", "cifar_resnet1202", COLD_START),
    ("small photographs", "cifar_plain110", COLD_START),
    ("small photographs", "cifar_preresnet*", COLD_START),
    ("small photographs", "cifar_resnet*", CIFAR_RESNET),
    ("small photographs", "cifar_plain*", CIFAR_RESNET),
    ("small photographs", "cifar_densenet*", CIFAR_DENSENET),
    ("small photographs", "fractalnet*", FRACTALNET),
    ("photographs", "alexnet*", ALEXNET),
    ("photographs", "vgg*", VGG),
    ("photographs", "googlenet*", GOOGLENET),
    ("photographs", "inception*", INCEPTION),
    ("photographs", "xception", XCEPTION),
    ("photographs", "resnet*", IMAGENET),
    ("photographs", "plain*", IMAGENET),
    ("photographs", "preresnet200", IMAGENET),
    ("photographs", "densenet*", replace(IMAGENET, nesterov=True)),
    ("digits", "lenet", LENET),
    ("digits", "highway*", HIGHWAY),
    ("digits", "mlp_batchnorm", SIGMOIDS),
)
"""(kind of data, names of networks, recipe): the first row that fits."""
