"""Where elements lie in memory changes nothing: transposed, channels-last, sliced, misaligned, expanded inputs."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import tinygrad_cnn as tg

from . import runs
from .specs import ROWS


def transposed(x):
    return np.asfortranarray(x) if x.ndim else x


def channels_last(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if x.ndim > 2 else x


def sliced(x):
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]) if x.ndim else (2,), 77, x.dtype)
    view = wide[..., ::2] if x.ndim else wide[:1].reshape(())
    view[...] = x
    return view


def misaligned(x):
    view = np.full(x.size + 1, 77, x.dtype)[1:].reshape(x.shape)
    view[...] = x
    return view


def expanded(x):
    """All of the last axis the same element, in one place."""
    return as_strided(x, x.shape, (*x.strides[:-1], 0)) if x.ndim > 1 else x


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("layout", [transposed, channels_last, sliced, misaligned, expanded], ids=lambda f: f.__name__)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_layout(row, layout, device):
    case = row.small
    constants = len(case.leaves()) - len(list(case.given_by_position()))
    values = case.fill(dtype="float32")
    moved = [layout(v) for v in values[: len(values) - constants]] + values[len(values) - constants :]
    wanted_inputs = [np.ascontiguousarray(v) for v in moved]
    wanted = [w.astype("float32") for w in runs.expected(row, case, wanted_inputs)]
    found = runs.arrays(
        runs.call(row, case, runs.tensors([v.copy("K") if v.base is None else v for v in moved], device))
    )
    runs.assert_close(found, wanted, runs.longest(values), case)
    if case.differentiable() and layout is not expanded:
        wanted_leaves, outs = runs.record(row, case, moved, device)
        g = runs.weights(outs)
        strided = tg.grad(outs, wanted_leaves, runs.tensors([layout(w) for w in g], device), allow_unused=True)
        runs.assert_close(
            [np.zeros(leaf.shape) if s is None else s.cpu().numpy() for s, leaf in zip(strided, wanted_leaves)],
            runs.gradients(row, case, wanted_inputs, device),
            runs.longest(values),
            case,
        )


def test_a_gradient_lies_as_its_input_does_though_what_arrives_is_one_number():
    x, target = (tg.from_numpy(channels_last(np.ones((2, 3, 4, 5), np.float32))) for _ in range(2))
    x.requires_grad = True
    tg.nn.functional.mse_loss(x, target).backward()
    assert x.grad.array.strides == x.array.strides
