"""A network trains alike on both devices (on CUDA in the emulator where there is no GPU)."""

import numpy as np

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F


def trained(device):
    tg.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Dropout(0.2), nn.Linear(8, 3), nn.ReLU(), nn.Linear(3, 2)).to(device)
    average = optim.EMA(net)
    x, target = tg.randn(3, 1, 6, 6).to(device), tg.tensor(np.array([0, 1, 0])).to(device)
    for optimizer in (optim.SGD(net.parameters(), lr=0.1, momentum=0.9), optim.AdamW(net.parameters(), eps=1e-3)):
        optimizer.zero_grad()
        F.cross_entropy(net(x), target, label_smoothing=0.1).backward()
        optimizer.step()
        average.update()
    out = net.eval()(x)
    assert out.device == device and all(p.device == device for p in net.parameters())
    tensors = {"out": out.detach(), **net.state_dict(), **{f"average.{k}": v for k, v in average.average.items()}}
    return {key: value.numpy() for key, value in tensors.items()}


def test_training_is_the_same_on_both_devices():
    cpu, cuda = trained("cpu"), trained("cuda")
    for key, value in cpu.items():
        np.testing.assert_allclose(cuda[key], value, rtol=1e-4, atol=1e-5, err_msg=key)
