"""state_dict and its loading: every fault is reported at once, and nothing is half loaded."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


def net():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Linear(4, 3))


def test_keys_and_order_are_pytorchs():
    assert list(net().state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
                                        "1.num_batches_tracked", "3.weight", "3.bias"]
    assert next(iter(net().state_dict(prefix="net."))) == "net.0.weight"


def test_a_round_trip_copies_the_values():
    a, b = net(), net()
    result = b.load_state_dict(a.state_dict())
    assert result == ([], [])
    for key, value in a.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), b.state_dict()[key].numpy())
    with tg.no_grad():
        a[0].weight.zero_()
    assert np.abs(b[0].weight.detach().numpy()).sum() > 0


def test_numpy_arrays_and_other_float_dtypes_are_taken():
    state = {key: value.numpy().astype(np.float64 if value.is_floating_point() else np.int32)
             for key, value in net().state_dict().items()}
    b = net()
    b.load_state_dict(state)
    assert b[0].weight.dtype == tg.float32
    np.testing.assert_allclose(b[0].weight.detach().numpy(), state["0.weight"])


def test_all_faults_are_in_one_error_and_nothing_is_loaded():
    state = {key: value + 1 for key, value in net().state_dict().items()}
    del state["3.bias"]
    state["0.weight"] = tg.zeros(2, 1, 5, 5)
    state["1.num_batches_tracked"] = tg.tensor(1.0)
    state["head.weight"] = tg.zeros(1)
    a = net()
    before = a[1].weight.tolist()
    with pytest.raises(ValueError) as error:
        a.load_state_dict(state)
    for text in ("4 of the keys do not fit Sequential", "missing: 3.bias (3,)", "unexpected: head.weight (1,)",
                 "shape: 0.weight is (2, 1, 5, 5) but the network has (2, 1, 3, 3)",
                 "dtype: 1.num_batches_tracked is float32 but the network has int64"):
        assert text in str(error.value)
    assert a[1].weight.tolist() == before


def test_not_strict_returns_the_keys_but_still_refuses_shapes():
    state = dict(net().state_dict())
    del state["3.bias"]
    state["extra"] = tg.zeros(1)
    assert net().load_state_dict(state, strict=False) == (["3.bias"], ["extra"])
    state["3.weight"] = tg.zeros(2, 2)
    with pytest.raises(ValueError, match=r"shape: 3\.weight"):
        net().load_state_dict(state, strict=False)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_prefix_is_recognized(wrapped):
    bare, inner = net(), nn.Sequential()
    inner.register_module("module", net())
    given, taking = (inner, bare) if wrapped else (bare, inner)
    with pytest.raises(ValueError, match=rf"{'remove' if wrapped else 'add'} the prefix 'module\.'"):
        taking.load_state_dict(given.state_dict())


def test_a_missing_batch_counter_is_forgiven_as_in_pytorch():
    state = {key: value for key, value in net().state_dict().items() if not key.endswith("num_batches_tracked")}
    assert net().load_state_dict(state) == ([], [])


def test_many_faults_are_counted_not_listed():
    with pytest.raises(ValueError, match="and 8 more"):
        nn.Sequential(*(nn.Linear(1, 1) for _ in range(10))).load_state_dict({})


def test_variables_and_destinations():
    a, given = net(), {"old": 1}
    assert a.state_dict(destination=given, keep_vars=True) is given
    assert given["0.weight"] is a[0].weight and given["1.running_mean"] is a[1].running_mean and "old" in given
    assert repr(a.load_state_dict(a.state_dict())) == "<All keys matched successfully>"
    with pytest.raises(TypeError, match="load_state_dict: state_dict is a list"):
        a.load_state_dict([])
    new = {key: value.clone() for key, value in a.state_dict().items()}
    a[0].weight.requires_grad_(False)
    a.load_state_dict(new, assign=True)
    assert a[0].weight.array is new["0.weight"].array and isinstance(a[0].weight, nn.Parameter)
    assert not a[0].weight.requires_grad and a[0].bias.requires_grad
    assert dict(a[1].named_buffers())["running_mean"] is new["1.running_mean"]
