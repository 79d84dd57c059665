"""What is left out says so when it is asked for, and nothing of PyTorch's vocabulary is missing without a reason."""

import types

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import left_out, nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.nn import init

X = tg.ones(2, 2)


@pytest.mark.parametrize("place, name, says", [
    (nn, "LSTM", "nn.LSTM is left out: networks for sequences"), (F, "grid_sample", "nn.functional.grid_sample is left out"),
    (tg, "fft", "tinygrad_cnn.fft is left out: there are no complex numbers"),
    (X, "svd", "Tensor.svd is left out: numpy.linalg"),
    (optim, "Rprop", "optim.Rprop is left out"), (init, "xavier_normal", "nn.init.xavier_normal is left out: it is deprecated"),
    (X, "lgamma_", "Tensor.lgamma_ is left out")])
def test_what_is_left_out_says_why(place, name, says):
    with pytest.raises(NotImplementedError, match=says):
        getattr(place, name)
    assert not hasattr(place, name) and getattr(place, name, None) is None


@pytest.mark.parametrize("place, name, near", [(nn, "Conv2D", "Conv2d"), (X, "sofmax", "softmax"), (tg, "zeross", "zeros")])
def test_a_misspelt_name_is_not_left_out(place, name, near):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'; did you mean '{near}'") as found:
        getattr(place, name)
    assert not isinstance(found.value, NotImplementedError)


def test_no_name_of_ours_is_called_left_out_by_its_own_line():
    """Patterns may cover more than is missing; a whole name in the list must be missing somewhere."""
    places = (set(dir(tg)), set(dir(nn)), set(dir(F)), set(dir(optim)), set(dir(init)), set(dir(tg.Tensor)))
    whole = [name for names in left_out.REASONS.values() for name in names.split() if "*" not in name]
    assert not [name for name in whole if all(name in place for place in places)]


@pytest.mark.peers
def test_whatever_is_missing_has_a_reason():
    torch = pytest.importorskip("torch")
    pairs = ((torch.nn, nn), (torch.nn.functional, F), (torch.optim, optim), (torch.optim.lr_scheduler, optim.lr_scheduler),
             (torch.nn.init, init), (torch.Tensor, tg.Tensor), (torch._C._VariableFunctions, tg))
    for theirs, ours in pairs:
        for name in dir(theirs):
            value = getattr(theirs, name)
            foreign = isinstance(value, types.ModuleType) or (
                (isinstance(theirs, types.ModuleType) and not str(getattr(value, "__module__", "")).startswith("torch"))
                or value in (torch.Tensor, torch.optim.Optimizer))
            if name.startswith("_") or name in dir(ours) or foreign:
                continue
            assert left_out.reason(name), f"{theirs}: {name} is neither here nor in left_out.py"
