"""Modules of angles and distances between vectors."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F

A = tg.tensor([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]])
B = tg.tensor([[4.0, 3.0], [0.0, 0.0], [-2.0, 0.0]])


def test_angles():
    assert nn.CosineSimilarity()(A, B).tolist() == pytest.approx([24 / 25, 0.0, -1.0])
    assert nn.CosineSimilarity(dim=0)(A, B).tolist() == pytest.approx([10 / 200**0.5, 12 / 144**0.5])


def test_distances():
    assert nn.PairwiseDistance()(A, B).tolist() == pytest.approx([2**0.5, 2**0.5 * 1e-6, 3.0], abs=1e-6)
    assert nn.PairwiseDistance(p=1.0, keepdim=True)(A, B).shape == (3, 1)
    assert F.pairwise_distance(A, A, float("inf"), eps=0.5).tolist() == [0.5] * 3


def test_lengths():
    x = A.clone().requires_grad_()
    unit = F.normalize(x)
    assert unit.tolist() == [pytest.approx(row) for row in ([0.6, 0.8], [0.0, 0.0], [1.0, 0.0])]
    unit[1:].sum().backward()
    assert x.grad is not None and x.grad.isfinite().all() and x.grad[2].tolist() == [0.0, 1.0]
