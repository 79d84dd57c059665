"""GoogLeNet (Szegedy et al. 2014, arXiv 1409.4842): filters of several sizes side by side.

An Inception module sees its input through 1x1, 3x3 and 5x5 filters and a max pooling side by side, and lays what they
find next to each other as channels. 1x1 convolutions in front of the larger filters reduce the channels first, so that
nine modules, 22 layers with weights in a row, have 8.7 times fewer parameters than AlexNet. Two small classifiers on
modules 4a and 4d send gradient into the middle while training, their losses counted 0.3, and are removed afterwards.

`googlenet_2014` is the network of the paper's Table 1, exact to the last parameter: 6,998,552, and 13,378,280 with both
auxiliary heads. `googlenet` is torchvision's, with batch normalization, and with 3x3 where the paper has 5x5: 6,624,904
and 13,004,888. Nobody reproduces the "5 million parameters, 12 times fewer than AlexNet" that later papers quote (the
introduction of arXiv 1512.00567, and the slides), and its error rates are those of many networks on many crops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..creation import tensor
from ..functions import cat
from ..nn import init
from ..nn.activation import ReLU
from ..nn.containers import Sequential
from ..nn.conv import Conv2d, Size
from ..nn.dropout import Dropout
from ..nn.fused import fused
from ..nn.linear import Flatten, Linear
from ..nn.module import Module
from ..nn.norm import BatchNorm2d, LocalResponseNorm
from ..nn.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from ..shapes import ShapeError
from ..tensor import Tensor
from .outputs import GoogLeNetOutputs
from .registry import Paper, register

PAPER = Paper(2014, "Going deeper with convolutions", "arXiv 1409.4842")

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# Table 1: inputs | 1x1 | before the 3x3, 3x3 | before the 5x5, 5x5 | behind the pooling
TABLE_1 = {
    3: ((192, 64, 96, 128, 16, 32, 32),  # 3a
        (256, 128, 128, 192, 32, 96, 64)),
    4: ((480, 192, 96, 208, 16, 48, 64),  # 4a
        (512, 160, 112, 224, 24, 64, 64),
        (512, 128, 128, 256, 24, 64, 64),
        (512, 112, 144, 288, 32, 64, 64),
        (528, 256, 160, 320, 32, 128, 128)),
    5: ((832, 256, 160, 320, 32, 128, 128),  # 5a
        (832, 384, 192, 384, 48, 128, 128)),
}


class ConvReLU(Module):
    """Convolution with bias and ReLU: x (n, in_channels, h, w) -> (n, out_channels, h', w')."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
                 padding: Size = 0) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.relu = ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return fused(self.conv, self.relu)(x)


class BasicConv2d(Module):
    """Convolution, batch normalization (eps 0.001) and ReLU: x (n, in_channels, h, w) -> (n, out_channels, h', w').

    The unit of all Inception networks since arXiv 1502.03167.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
                 padding: Size = 0) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = BatchNorm2d(out_channels, eps=0.001)
        self.relu = ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return fused(self.conv, self.bn, self.relu)(x)


class FilterConcat(Module):
    """Branches side by side: all see the same input, and their outputs are concatenated as channels, in order.

    `FilterConcat(pool=MaxPool2d(3, 2), conv=BasicConv2d(64, 96, 3, stride=2))`; the keywords name the branches.
    """

    def __init__(self, **branches: Module) -> None:
        super().__init__()
        self.branches = tuple(branches)
        for name, branch in branches.items():
            self.register_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return cat([self.get_submodule(name)(x) for name in self.branches], 1)


class InceptionModule(FilterConcat):
    """Figure 2(b) of the paper: x (n, in_channels, h, w) -> (n, ch1x1 + ch3x3 + ch5x5 + pool_proj, h, w).

    ch3x3red and ch5x5red   outputs of the 1x1 convolutions in front of the larger filters
    conv_block              `ConvReLU` as published, or `BasicConv2d`
    size                    of the largest filter, 5 as published
    """

    def __init__(self, in_channels: int, ch1x1: int, ch3x3red: int, ch3x3: int, ch5x5red: int, ch5x5: int,
                 pool_proj: int, conv_block: Callable[..., Module] = ConvReLU, size: int = 5) -> None:
        super().__init__(
            branch1=conv_block(in_channels, ch1x1, 1),
            branch2=Sequential(conv_block(in_channels, ch3x3red, 1), conv_block(ch3x3red, ch3x3, 3, padding=1)),
            branch3=Sequential(conv_block(in_channels, ch5x5red, 1),
                               conv_block(ch5x5red, ch5x5, size, padding=size // 2)),
            branch4=Sequential(MaxPool2d(3, stride=1, padding=1), conv_block(in_channels, pool_proj, 1)),
        )


class AuxiliaryHead(Module):
    """The classifier on a module in the middle: x (n, in_channels, h, w) -> logits (n, num_classes).

    `pool` makes the maps 4x4; then come 128 channels and a hidden layer of 1024. Raises if the maps are not 4x4.
    """

    def __init__(self, in_channels: int, num_classes: int, pool: Module, conv_block: Callable[..., Module] = ConvReLU,
                 dropout: float = 0.7) -> None:
        super().__init__()
        self.pool = pool
        self.conv = conv_block(in_channels, 128, 1)
        self.fc1 = Linear(128 * 4 * 4, 1024)
        self.relu = ReLU()
        self.fc2 = Linear(1024, num_classes)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(x)
        if pooled.shape[2:] != (4, 4):
            raise ShapeError(f"AuxiliaryHead: input has maps of {x.shape[2]}x{x.shape[3]}, pooled to {pooled.shape[2]}x"
                             f"{pooled.shape[3]}, but 4x4 is needed; train on images of about 224x224, or without "
                             "auxiliary heads (aux_logits=False)")
        return fused(self.fc1, self.relu, self.dropout, self.fc2)(self.conv(pooled).flatten(1))


class _TwoHeads(Module):
    """What both forms of the network share: the end, the two auxiliary heads, and the way through."""

    aux_logits: bool
    transform_input = False
    aux1: AuxiliaryHead | None
    aux2: AuxiliaryHead | None
    _parts: Callable[[], tuple[tuple[Module, ...], ...]]  # the layers up to module 4a, from 4b to 4d, and from 4e on

    def _end(self, num_classes: int, aux_logits: bool, pool: Callable[[], Module], conv_block: Callable[..., Module],
             dropout: float, dropout_aux: float) -> None:
        self.aux_logits = aux_logits
        self.aux1, self.aux2 = (
            AuxiliaryHead(channels, num_classes, pool(), conv_block, dropout_aux) if aux_logits else None
            for channels in (512, 528)
        )
        self.avgpool, self.flatten = AdaptiveAvgPool2d(1), Flatten()
        self.dropout = Dropout(dropout)
        self.fc = Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        upto_4a, upto_4d, upto_5b = self._parts()
        x = fused(*upto_4a)(transformed(x) if self.transform_input else x)
        aux1 = self.aux1(x) if self.training and self.aux_logits and self.aux1 else None
        x = fused(*upto_4d)(x)
        aux2 = self.aux2(x) if self.training and self.aux_logits and self.aux2 else None
        x = fused(*upto_5b)(x)
        logits = fused(self.avgpool, self.flatten, self.dropout, self.fc)(x)
        return logits if aux1 is None or aux2 is None else GoogLeNetOutputs(logits, aux2, aux1)


class GoogLeNet2014(_TwoHeads):
    """GoogLeNet as published; see `googlenet_2014`."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True, dropout: float = 0.4,
                 dropout_aux: float = 0.7) -> None:
        super().__init__()
        self.conv1 = ConvReLU(in_channels, 64, 7, stride=2, padding=3)
        self.pool1 = MaxPool2d(3, 2, ceil_mode=True)
        self.norm1 = LocalResponseNorm(5)
        self.conv2r = ConvReLU(64, 64, 1)
        self.conv2 = ConvReLU(64, 192, 3, padding=1)
        self.norm2 = LocalResponseNorm(5)
        self.pool2 = MaxPool2d(3, 2, ceil_mode=True)

        self.inc3a, self.inc3b = _table(3)
        self.pool3 = MaxPool2d(3, 2, ceil_mode=True)
        self.inc4a, self.inc4b, self.inc4c, self.inc4d, self.inc4e = _table(4)
        self.pool4 = MaxPool2d(3, 2, ceil_mode=True)
        self.inc5a, self.inc5b = _table(5)
        self._end(num_classes, aux_logits, lambda: AvgPool2d(5, 3), ConvReLU, dropout, dropout_aux)

    def _parts(self) -> tuple[tuple[Module, ...], ...]:
        return (
            (self.conv1, self.pool1, self.norm1, self.conv2r, self.conv2, self.norm2, self.pool2,
             self.inc3a, self.inc3b, self.pool3, self.inc4a),
            (self.inc4b, self.inc4c, self.inc4d),
            (self.inc4e, self.pool4, self.inc5a, self.inc5b),
        )


class GoogLeNet(_TwoHeads):
    """GoogLeNet with batch normalization and torchvision's keys; see `googlenet`."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True,
                 transform_input: bool = False, dropout: float = 0.2, dropout_aux: float = 0.7) -> None:
        super().__init__()
        check_transform("googlenet", transform_input, in_channels)
        self.transform_input = transform_input
        self.conv1 = BasicConv2d(in_channels, 64, 7, stride=2, padding=3)
        self.maxpool1 = MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, 1)
        self.conv3 = BasicConv2d(64, 192, 3, padding=1)
        self.maxpool2 = MaxPool2d(3, 2, ceil_mode=True)

        self.inception3a, self.inception3b = _table(3, BasicConv2d, 3)
        self.maxpool3 = MaxPool2d(3, 2, ceil_mode=True)
        self.inception4a, self.inception4b, *rest = _table(4, BasicConv2d, 3)
        self.inception4c, self.inception4d, self.inception4e = rest
        self.maxpool4 = MaxPool2d(2, 2, ceil_mode=True)
        self.inception5a, self.inception5b = _table(5, BasicConv2d, 3)
        self._end(num_classes, aux_logits, lambda: AdaptiveAvgPool2d(4), BasicConv2d, dropout, dropout_aux)

    def _parts(self) -> tuple[tuple[Module, ...], ...]:
        return (
            (self.conv1, self.maxpool1, self.conv2, self.conv3, self.maxpool2,
             self.inception3a, self.inception3b, self.maxpool3, self.inception4a),
            (self.inception4b, self.inception4c, self.inception4d),
            (self.inception4e, self.maxpool4, self.inception5a, self.inception5b),
        )


def _table(level: int, conv_block: Callable[..., Module] = ConvReLU, size: int = 5) -> Iterator[InceptionModule]:
    """The modules of one level of Table 1."""
    return (InceptionModule(*widths, conv_block, size) for widths in TABLE_1[level])


def transformed(x: Tensor) -> Tensor:
    """Images (n, 3, h, w) with ImageNet's mean and deviation removed, as if 0.5 and 0.5 had been removed instead.

    That is what networks with weights from TensorFlow were trained on.
    """
    mean, std = (tensor(values, x.dtype, x.device).reshape(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return x * (std / 0.5) + (mean - 0.5) / 0.5


def check_transform(name: str, transform_input: bool, in_channels: int) -> None:
    """Raise unless images of `in_channels` can be `transformed`, if they are to be."""
    if transform_input and in_channels != 3:
        raise ValueError(f"{name}: transform_input is True but in_channels is {in_channels}, and only red, green and "
                         "blue have a known mean; leave transform_input out")


def normal_weights(network: Module, std: float) -> None:
    """Draw the weights of convolutions and linear layers from a normal distribution, cut at -2 and 2."""
    for module in network.modules():
        if isinstance(module, (Conv2d, Linear)):
            init.trunc_normal_(module.weight, std=std, a=-2.0, b=2.0)


def _caffe_weights(network: GoogLeNet2014) -> None:
    """The first weights of the BVLC reproduction: variance 1 / fan_in, biases 0.2 but for the classifiers' 0."""
    for name, module in network.named_modules():
        if isinstance(module, (Conv2d, Linear)) and module.bias is not None:
            init.kaiming_uniform_(module.weight, nonlinearity="linear")
            init.constant_(module.bias, 0.0 if name in ("fc", "aux1.fc2", "aux2.fc2") else 0.2)


@register(input=(3, 224, 224), paper=PAPER)
def googlenet_2014(num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True, dropout: float = 0.4,
                   dropout_aux: float = 0.7) -> GoogLeNet2014:
    """GoogLeNet as published: (n, in_channels, 224, 224) -> (n, num_classes); local response norms, biases, no batch norm.

    With `aux_logits` it returns `GoogLeNetOutputs` while training, and images must be of 223 to 270 pixels then; else
    any size from 31 up will do. The paper says nothing of the first weights; these are those of the BVLC reproduction.
    """
    network = GoogLeNet2014(num_classes, in_channels, aux_logits, dropout, dropout_aux)
    _caffe_weights(network)
    return network


@register(input=(3, 224, 224), paper=PAPER)
def googlenet(num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True, transform_input: bool = False,
              init_weights: bool = True, dropout: float = 0.2, dropout_aux: float = 0.7) -> GoogLeNet:
    """GoogLeNet with batch norm, torchvision's keys: (n, in_channels, 224, 224) -> (n, num_classes); any size from 15 up.

    With `aux_logits` it returns `GoogLeNetOutputs` while training. `transform_input` expects images normalized with
    ImageNet's mean and deviation and brings them to what its released weights want; it needs three channels.
    `init_weights` False leaves the layers' own first weights instead of a normal distribution of deviation 0.01.
    """
    network = GoogLeNet(num_classes, in_channels, aux_logits, transform_input, dropout, dropout_aux)
    if init_weights:
        normal_weights(network, 0.01)
    return network
