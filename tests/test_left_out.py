"""What is left out says so when it is asked for, and nothing of PyTorch's vocabulary is missing without a reason."""

import subprocess
import sys
import types
from fnmatch import fnmatchcase

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import left_out, nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.nn import init

X = tg.ones(2, 2)
PLACES = {
    "tinygrad_cnn": tg, "Tensor": tg.Tensor, "autograd": tg.autograd, "cuda": tg.cuda, "nn": nn, "nn.Module": nn.Module,
    "nn.functional": F, "nn.init": init, "nn.utils": nn.utils, "nn.utils.parametrizations": nn.utils.parametrizations,
    "nn.utils.parametrize": nn.utils.parametrize, "optim": optim, "optim.Optimizer": optim.Optimizer,
    "optim.lr_scheduler": optim.lr_scheduler, "optim.swa_utils": optim.swa_utils, "random": tg.random,
    "utils.data": tg.utils.data,
}
"""{PyTorch's namespace: ours}."""


@pytest.mark.parametrize("place, name, says", [
    (nn, "LSTM", "nn.LSTM is left out: networks for sequences"), (F, "conv_tbc", "nn.functional.conv_tbc is left out"),
    (tg, "fft", "tinygrad_cnn.fft is left out: there are no complex numbers"),
    (X, "svd", "Tensor.svd is left out: numpy.linalg"), (tg, "embedding", "tinygrad_cnn.embedding is left out: it stands in"),
    (optim, "Rprop", "optim.Rprop is left out"), (nn.utils, "rnn_x", "nn.utils.rnn_x is left out: networks for sequences"),
    (X, "lgamma_", "Tensor.lgamma_ is left out"), (tg.cuda, "current_stream", "cuda.current_stream is left out: there is one"),
    (tg.utils.data, "DistributedSampler", "utils.data.DistributedSampler is left out: a run has one process")])
def test_what_is_left_out_says_why(place, name, says):
    with pytest.raises(NotImplementedError, match=says):
        getattr(place, name)
    assert not hasattr(place, name) and getattr(place, name, None) is None


@pytest.mark.parametrize("place, name, near", [(nn, "Conv2D", "Conv2d"), (X, "sofmax", "softmax"), (tg, "zeross", "zeros"),
                                               (tg.models, "resnet51", "resnet50"), (tg.data, "MNISt", "MNIST")])
def test_a_misspelt_name_is_not_left_out(place, name, near):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'; did you mean '{near}'") as found:
        getattr(place, name)
    assert not isinstance(found.value, NotImplementedError)


def test_files_are_imported_when_asked_for():
    """`tg.data` needs no import of its own, and costs nothing until then."""
    program = "import sys, tinygrad_cnn as tg; assert 'tinygrad_cnn.data' not in sys.modules; tg.data.MNIST"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_completion_lists_what_users_want():
    for place in (tg, nn, F, optim, tg.models, tg.data):
        assert all(hasattr(place, name) for name in dir(place))
    assert {"data", "nn", "zeros", "Tensor"} <= set(dir(tg)) and not {"layered", "np", "TYPE_CHECKING"} & set(dir(tg))
    assert "Conv2d" in dir(nn) and "guard" not in dir(nn)


def whole(reasons):
    return [name for names in reasons.values() for name in names.split() if "*" not in name]


def test_no_name_of_ours_is_called_left_out():
    """A whole name in the list of all places exists nowhere, one in the list of a place not there."""
    known = {where: set(dir(place)) for where, place in PLACES.items()}
    assert not [(name, where) for name in whole(left_out.REASONS) for where in known if name in known[where]]
    assert not [(name, where) for where, reasons in left_out.PLACES.items() for name in whole(reasons) if name in known[where]]


def vocabulary(torch, where):
    """The public names of PyTorch's namespace."""
    theirs = torch
    for part in () if where == "tinygrad_cnn" else where.split("."):
        theirs = getattr(theirs, part)
    if theirs is torch:
        return {*torch.__all__, *(name for name in dir(torch._C._VariableFunctions) if not name.startswith("_"))}
    module = isinstance(theirs, types.ModuleType)
    listed = getattr(theirs, "__all__", None) if module and where not in ("nn.functional", "cuda") else None
    found = set()
    for name in listed or dir(theirs):
        value = getattr(theirs, name, None)
        foreign = module and not listed and not str(getattr(value, "__module__", "")).startswith("torch")
        if not (name.startswith("_") or foreign or isinstance(value, types.ModuleType) or value is torch.Tensor):
            found.add(name)
    return found


@pytest.mark.peers
@pytest.mark.parametrize("where", PLACES)
def test_whatever_is_missing_has_a_reason_there(where):
    """A name that exists in another namespace needs a reason for this one."""
    torch = pytest.importorskip("torch")
    elsewhere = set().union(*(dir(place) for place in PLACES.values()))
    missing = vocabulary(torch, where) - set(dir(PLACES[where]))
    here = [pattern for names in left_out.PLACES.get(where, {}).values() for pattern in names.split()]
    for name in sorted(missing):
        assert left_out.reason(name, where), f"{where}.{name} is neither here nor in left_out.py"
        if name in elsewhere:
            assert any(fnmatchcase(name, pattern) for pattern in here), (
                f"{where}.{name} is left out though it exists elsewhere: say why in left_out.PLACES[{where!r}]")
