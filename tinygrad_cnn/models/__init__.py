"""The networks of the slides: one paper, one file. `create("mnist_cnn")` builds one by name."""

from typing import TYPE_CHECKING

from ..left_out import guard
from .alexnet import AlexNet, alexnet, alexnet_2012
from .densenet import (
    DenseBlock,
    DenseLayer,
    DenseNet,
    Transition,
    cifar_densenet40_k12,
    cifar_densenet100_k12,
    cifar_densenet100_k24,
    cifar_densenet_bc40_k12,
    cifar_densenet_bc100_k12,
    cifar_densenet_bc190_k40,
    cifar_densenet_bc250_k24,
    densenet121,
    densenet161,
    densenet169,
    densenet201,
)
from .fc_densenet import FCDenseNet, TransitionDown, TransitionUp, fc_densenet56, fc_densenet67, fc_densenet103
from .fcn import FCN, BilinearUpsampling, crop, fcn8s, fcn16s, fcn32s, pixel_loss
from .fractalnet import FractalBlock, FractalNet, FractalUnit, fractalnet10, fractalnet20, fractalnet40
from .googlenet import (
    AuxiliaryHead,
    BasicConv2d,
    ConvReLU,
    FilterConcat,
    GoogLeNet,
    GoogLeNet2014,
    InceptionModule,
    googlenet,
    googlenet_2014,
)
from .highway import (
    HighwayConv2d,
    HighwayLayer,
    highway10,
    highway10_plain,
    highway20,
    highway50,
    highway50_plain,
    highway100,
    highway100_plain,
    highway_conv_w16,
    highway_conv_w32,
)
from .inception_v3 import (
    InceptionA,
    InceptionAux,
    InceptionB,
    InceptionC,
    InceptionD,
    InceptionE,
    InceptionV3,
    inception_v3,
)
from .inception_v4 import (
    Block8,
    Block17,
    Block35,
    InceptionResNetV2,
    InceptionV4,
    InceptionV4A,
    InceptionV4B,
    InceptionV4C,
    ReductionA,
    ReductionB,
    ScaledResidual,
    inception_resnet_v2,
    inception_v4,
)
from .lenet import lenet
from .mlp import mlp, mlp_batchnorm, mlp_dropout, mlp_sigmoid_100_100, softmax_regression
from .mnist_cnn import mnist_cnn, mnist_cnn_bn
from .outputs import GoogLeNetOutputs, InceptionOutputs, classification_loss, main_logits
from .preresnet import (
    CifarPreResNet,
    PreActBlock,
    PreActBottleneck,
    PreResNet,
    cifar_preresnet110,
    cifar_preresnet164,
    cifar_preresnet1001,
    preresnet200,
)
from .registry import Entry, Paper, create, entry, list_models, register
from .resnet import (
    BasicBlock,
    Bottleneck,
    CifarResNet,
    PlainBlock,
    ResNet,
    ZeroPadShortcut,
    cifar_plain20,
    cifar_plain32,
    cifar_plain44,
    cifar_plain56,
    cifar_plain110,
    cifar_resnet20,
    cifar_resnet32,
    cifar_resnet44,
    cifar_resnet56,
    cifar_resnet110,
    cifar_resnet1202,
    plain18,
    plain34,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
)
from .stochastic_depth import StochasticDepth, StochasticDepthResNet, cifar_resnet110_stochastic_depth
from .time_series import ConvBlock1d, TimeSeriesFCN, time_series_fcn
from .unet import DoubleConv, UNet, UpConv, center_crop, unet, weight_map, weighted_cross_entropy
from .vgg import VGG, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn, vgg_features
from .video import C3D, R3D, BasicBlock3d, c3d, r3d_18
from .xception import SeparableConv2d, Xception, XceptionBlock, xception

__all__ = [  # noqa: RUF022  # a line for each file
    "Entry", "Paper", "create", "entry", "list_models", "register",
    "AlexNet", "alexnet", "alexnet_2012",
    "lenet",
    "mlp", "mlp_batchnorm", "mlp_dropout", "mlp_sigmoid_100_100", "softmax_regression",
    "mnist_cnn", "mnist_cnn_bn",
    "ConvBlock1d", "TimeSeriesFCN", "time_series_fcn",
    "DoubleConv", "UNet", "UpConv", "center_crop", "unet", "weight_map", "weighted_cross_entropy",
    "VGG", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn", "vgg_features",
    "DenseBlock", "DenseLayer", "DenseNet", "Transition", "densenet121", "densenet161", "densenet169", "densenet201",
    "cifar_densenet40_k12", "cifar_densenet100_k12", "cifar_densenet100_k24", "cifar_densenet_bc40_k12",
    "cifar_densenet_bc100_k12", "cifar_densenet_bc190_k40", "cifar_densenet_bc250_k24",
    "FCDenseNet", "TransitionDown", "TransitionUp", "fc_densenet56", "fc_densenet67", "fc_densenet103",
    "FCN", "BilinearUpsampling", "crop", "fcn8s", "fcn16s", "fcn32s", "pixel_loss",
    "FractalBlock", "FractalNet", "FractalUnit", "fractalnet10", "fractalnet20", "fractalnet40",
    "HighwayConv2d", "HighwayLayer", "highway10", "highway10_plain", "highway20", "highway50", "highway50_plain",
    "highway100", "highway100_plain", "highway_conv_w16", "highway_conv_w32",
    "CifarPreResNet", "PreActBlock", "PreActBottleneck", "PreResNet", "cifar_preresnet110", "cifar_preresnet164",
    "cifar_preresnet1001", "preresnet200",
    "BasicBlock", "Bottleneck", "CifarResNet", "PlainBlock", "ResNet", "ZeroPadShortcut", "resnet18", "resnet34",
    "resnet50", "resnet101", "resnet152", "plain18", "plain34", "cifar_resnet20", "cifar_resnet32", "cifar_resnet44",
    "cifar_resnet56", "cifar_resnet110", "cifar_resnet1202", "cifar_plain20", "cifar_plain32", "cifar_plain44",
    "cifar_plain56", "cifar_plain110",
    "StochasticDepth", "StochasticDepthResNet", "cifar_resnet110_stochastic_depth",
    "C3D", "R3D", "BasicBlock3d", "c3d", "r3d_18",
    "AuxiliaryHead", "BasicConv2d", "ConvReLU", "FilterConcat", "GoogLeNet", "GoogLeNet2014", "InceptionModule", "googlenet",
    "googlenet_2014",
    "InceptionA", "InceptionAux", "InceptionB", "InceptionC", "InceptionD", "InceptionE", "InceptionV3", "inception_v3",
    "Block8", "Block17", "Block35", "InceptionResNetV2", "InceptionV4", "InceptionV4A", "InceptionV4B", "InceptionV4C",
    "ReductionA", "ReductionB", "ScaledResidual", "inception_resnet_v2", "inception_v4",
    "GoogLeNetOutputs", "InceptionOutputs", "classification_loss", "main_logits",
    "SeparableConv2d", "Xception", "XceptionBlock", "xception",
]


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("models", globals())
