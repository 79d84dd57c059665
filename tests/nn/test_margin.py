"""Losses of pairs, triples and margins, by hand; PyTorch's own samples of them run in test_torch_vocabulary.py."""

import math

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F


def row(*values):
    return tg.tensor([list(values)])


def test_triplets():
    anchor, positive, negative = row(0.0, 0.0), row(3.0, 4.0), row(0.0, 1.0)
    assert nn.TripletMarginLoss(margin=2.0)(anchor, positive, negative).item() == pytest.approx(5 - 1 + 2, abs=1e-4)
    swapped = nn.TripletMarginLoss(margin=2.0, swap=True)(anchor, row(0.0, 1.5), row(0.0, 2.0)).item()
    assert swapped == pytest.approx(1.5 - 0.5 + 2, abs=1e-4)  # the negative is nearer to the positive
    by_hand = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: (x - y).abs().sum(-1), reduction="sum")
    assert by_hand(anchor, positive, negative).item() == 7
    for make in (nn.TripletMarginLoss, nn.TripletMarginWithDistanceLoss):
        with pytest.raises(ValueError, match="margin is 0 but must be above 0"):
            make(margin=0)
    with pytest.raises(RuntimeError, match="have 2, 1 and 2 axes"):
        F.triplet_margin_loss(anchor, positive[0], negative)


def test_pairs():
    x, y = row(1.0, 0.0), row(0.0, 2.0)
    assert nn.CosineEmbeddingLoss()(x, y, tg.tensor([1])).item() == 1
    assert nn.CosineEmbeddingLoss(margin=-0.5)(x, y, tg.tensor([-1])).item() == 0.5
    assert nn.MarginRankingLoss(margin=1.0, reduction="none")(x, y, row(1.0, -1.0)).tolist() == [[0.0, 0.0]]
    assert nn.HingeEmbeddingLoss(margin=2.0, reduction="none")(row(0.5, 0.5), row(1, -1)).tolist() == [[0.5, 1.5]]
    assert nn.SoftMarginLoss()(row(0.0), row(1.0)).item() == pytest.approx(math.log(2))
    with pytest.raises(RuntimeError, match="cosine_embedding_loss: inputs have shapes"):
        F.cosine_embedding_loss(x, y, tg.tensor(1))


def test_classes():
    x = row(1.0, 3.0, 2.0)
    assert nn.MultiMarginLoss()(x, tg.tensor([1])).item() == 0
    assert nn.MultiMarginLoss(p=2, margin=2.0)(x, tg.tensor([2])).item() == pytest.approx((1 + 9) / 3)
    assert nn.MultiMarginLoss(weight=tg.tensor([1.0, 1.0, 6.0]))(x, tg.tensor([2])).item() == pytest.approx(6 * 2 / 3)
    assert nn.MultiLabelMarginLoss()(x, tg.tensor([[1, -1, 0]])).item() == 0
    assert nn.MultiLabelMarginLoss()(x[0], tg.tensor([0, 2, -1])).item() == pytest.approx((3 + 2) / 3)
    assert nn.MultiLabelSoftMarginLoss()(tg.zeros(1, 4), tg.ones(1, 4)).item() == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match="MultiMarginLoss: p is 3"):
        nn.MultiMarginLoss(p=3)
    for wrong, text in ((lambda: F.multi_margin_loss(x, tg.tensor([1, 2])), "multi_margin_loss: input has shape"),
                        (lambda: F.multilabel_margin_loss(tg.ones(0), tg.ones(0).long()), "multilabel_margin_loss: input has"),
                        (lambda: F.multi_margin_loss(x, tg.tensor([1]), reduction="x"), "multi_margin_loss: reduction")):
        with pytest.raises(ValueError, match=text):
            wrong()


def test_distributions():
    assert nn.PoissonNLLLoss()(row(0.0), row(2.0)).item() == 1
    assert nn.PoissonNLLLoss(log_input=False, eps=0.0)(row(1.0), row(2.0)).item() == 1
    full = nn.PoissonNLLLoss(full=True)(row(0.0), row(2.0)).item()
    assert full == pytest.approx(1 + 2 * math.log(2) - 2 + math.log(4 * math.pi) / 2)
    gaussian = nn.GaussianNLLLoss()(row(1.0, 3.0), row(1.0, 1.0), row(1.0, 4.0)).item()
    assert gaussian == pytest.approx((math.log(4) / 2 + 0.5) / 2)
    assert nn.GaussianNLLLoss(full=True)(row(0.0), row(0.0), 1.0).item() == pytest.approx(math.log(2 * math.pi) / 2)
    for var, text in ((row(-1.0, 1.0), "below 0"), (tg.ones(3), "var has shape")):
        with pytest.raises(ValueError, match=f"gaussian_nll_loss: .*{text}"):
            F.gaussian_nll_loss(row(1.0, 3.0), row(1.0, 1.0), var)
