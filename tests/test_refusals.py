"""What an operation refuses, and that it says so in a sentence before a kernel has run."""

import inspect
import pickle
import re

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import devices, nn

from . import runs
from .specs import ROWS

REFUSALS = [(row, refusal) for row in ROWS.values() for refusal in row.refuses]


class NoKernels:
    """The CPU's kernel package without its kernels."""

    def __init__(self, package):
        self.empty, self.upload, self.download = package.empty, package.upload, package.download

    def __getattr__(self, module):
        raise AssertionError(f"a kernel of {module} ran before the arguments were checked")


@pytest.mark.parametrize("row, refusal", REFUSALS, ids=[f"{row.name}-{refusal.words}" for row, refusal in REFUSALS])
def test_refusal(row, refusal, monkeypatch):
    leaves = runs.tensors(refusal.case.fill(dtype="float32"))
    monkeypatch.setitem(devices._loaded, "cpu", NoKernels(devices.package("cpu")))
    with pytest.raises(refusal.error) as caught:
        runs.call(row, refusal.case, leaves)
    sentence = str(caught.value)
    for word in refusal.words.replace(", ", ",").split():
        assert word in sentence.replace(", ", ","), f"{word!r} is missing in: {sentence}"
    assert re.fullmatch(r"\w+: [^;]+; [^;]+[^.]", sentence), (
        f"'operation: what and how it is; what to do' is not: {sentence}"
    )


def test_devices_do_not_mix():
    for name in ("add", "matmul", "cat", "linear", "conv2d", "batch_norm", "cross_entropy"):
        row = ROWS[name]
        case = row.small
        values = runs.tensors(case.fill(dtype="float32"))
        values[1] = values[1].to("meta")
        with pytest.raises(RuntimeError, match=r"cpu and meta; bring them to one device with \.to\(device\)"):
            runs.call(row, case, values)


X, ARRAY = tg.ones(2, 3), np.ones((2, 3), np.float32)


@pytest.mark.parametrize("call, says", [
    (lambda: nn.Linear(3, 2)(ARRAY), "linear: input is ndarray but a tensor is needed; use tg.tensor"),
    (lambda: nn.Conv2d(1, 2, 1)([[1.0]]), "conv: input is list"),
    (lambda: nn.functional.cross_entropy(X, [0, 1]), "cross_entropy: target is list"),
    (lambda: nn.functional.mse_loss(input=X, target=ARRAY), "mse_loss: target is ndarray"),
    (lambda: nn.functional.leaky_relu(None), "leaky_relu: input is NoneType"),
    (lambda: tg.exp(1.0), "exp: input is float"),
    (lambda: tg.stack([ARRAY, ARRAY]), "stack: tensor 0 is ndarray but a tensor is needed; use tg.tensor"),
    (lambda: tg.cat(X, X), r"cat: tensors is one tensor but a list of them is needed; use cat\(\[a, b\]\)"),
])
def test_what_is_no_tensor(call, says):
    with pytest.raises(TypeError, match=says):
        call()


@pytest.mark.parametrize("call, says", [
    (lambda: nn.Conv2d(1, 2, 3.0), "Conv2d: kernel_size is 3.0 for 2 spatial axes; give one int or 2 ints"),
    (lambda: nn.Conv2d(3, 2, 1)(tg.ones(1, 1, 4, 4)), "conv2d: input .* has 1 channels but"),
    (lambda: nn.MaxPool2d(5)(tg.ones(1, 1, 3, 3)), "max_pool2d: the window spans 5 but the padded input only 3"),
    (lambda: nn.functional.cross_entropy(X, X.long()), r"cross_entropy: .* are needed; of one-hot rows use target.argmax\(1\)"),
    (lambda: nn.Linear(2, 10)(X), r"linear: input \(2, 3\) does not end with the 2 features .* takes; use Linear\(3, 10\)"),
    (lambda: nn.functional.linear(X, tg.ones(3)), r"linear: weight has shape \(3,\) but \(outputs, inputs\) is needed"),
    (lambda: X.to("gpu"), "to: 'gpu' is neither a device nor a dtype; use one of cpu, cuda, meta, float32"),
    (lambda: nn.Embedding(3, 4)(X), "embedding: index has dtype float32 but int64"),
    (lambda: tg.models.resnet18(pretrained=True), "resnet18: there is no argument 'pretrained'; .* tg.load_weights"),
    (lambda: tg.tensor([[1, 2], [3]]), "tensor: the data are sequences of unequal lengths; make the lengths equal"),
    (lambda: tg.optim.SGD(nn.Linear(1, 1)), r"SGD: params is a Linear but .* give model.parameters\(\)"),
])
def test_likely_mistakes(call, says):
    with pytest.raises((ValueError, TypeError), match=says):
        call()


def test_functions_keep_their_names():
    """What refuses other things than tensors is still itself for help() and for pickle."""
    assert str(inspect.signature(tg.sum)) == "(input: 'Tensor', dim: 'Any' = None, keepdim: 'bool' = False, *, " \
        "dtype: 'Any' = None, out: 'Tensor | None' = None) -> 'Any'"
    assert list(inspect.signature(nn.functional.linear).parameters) == ["input", "weight", "bias", "relu"]
    for function in (tg.sum, nn.functional.linear, nn.functional.conv2d):
        assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("call", [
    lambda: nn.functional.softmax(X), lambda: nn.functional.kl_div(X, X), lambda: nn.functional.mse_loss(X, X[0]),
    lambda: nn.functional.huber_loss(X, X[0]), lambda: nn.functional.l1_loss(X, X, size_average=False),
    lambda: nn.functional.upsample_nearest(tg.ones(1, 1, 2, 2), scale_factor=2), lambda: nn.Softmax()(X),
    lambda: nn.functional.affine_grid(tg.ones(1, 2, 3), (1, 1, 2, 2)),
], ids=["softmax", "kl_div", "mse_loss", "huber_loss", "l1_loss", "upsample_nearest", "Softmax", "affine_grid"])
def test_warnings_name_the_line_of_the_caller(call):
    with pytest.warns(UserWarning) as caught:
        call()
    assert [warning.filename for warning in caught] == [__file__]
