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
    state["1.num_batches_tracked"] = 1.0
    state["head.weight"] = tg.zeros(1)
    a = net()
    before = a[1].weight.tolist()
    with pytest.raises(ValueError) as error:
        a.load_state_dict(state)
    for text in ("4 of the keys do not fit Sequential", "missing: 3.bias (3,)", "unexpected: head.weight (1,)",
                 "shape: 0.weight is (2, 1, 5, 5) but the network has (2, 1, 3, 3)",
                 "kind: 1.num_batches_tracked is a float but a tensor or an array is needed"):
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


def test_other_dtypes_are_converted():
    a = nn.Linear(2, 2)
    a.load_state_dict({"weight": tg.tensor([[1, 2], [3, 4]]), "bias": tg.ones(2, dtype=tg.float64)})
    assert a.weight.tolist() == [[1, 2], [3, 4]] and a.bias.dtype == tg.float32


def test_the_state_says_its_version_and_old_ones_lack_the_count():
    bn = nn.BatchNorm1d(2)
    state = nn.Sequential(bn).state_dict()
    assert state._metadata["0"] == {"version": 2} and state._metadata[""] == {"version": 1}
    del state["0.num_batches_tracked"]
    with pytest.raises(RuntimeError, match="missing: 0.num_batches_tracked"):
        nn.Sequential(bn).load_state_dict(state)
    assert nn.Sequential(bn).load_state_dict(dict(state)) == ([], [])


def test_a_subclass_saves_and_loads_in_its_own_way():
    class Renamed(nn.Linear):
        _version = 3

        def _save_to_state_dict(self, destination, prefix, keep_vars):
            super()._save_to_state_dict(destination, prefix, keep_vars)
            destination[prefix + "w"] = destination.pop(prefix + "weight")

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            assert local_metadata["version"] == 3
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    a, b = nn.Sequential(Renamed(2, 1)), nn.Sequential(Renamed(2, 1))
    assert list(a.state_dict()) == ["0.bias", "0.w"]
    b.load_state_dict(a.state_dict())
    assert b[0].weight.tolist() == a[0].weight.tolist()


def test_hooks_may_forgive_and_replace():
    a = nn.Linear(2, 2)
    a.register_load_state_dict_post_hook(lambda module, result: result.missing_keys.clear())
    assert a.load_state_dict({"weight": tg.ones(2, 2)}) == ([], []) and a.weight.tolist() == [[1, 1], [1, 1]]
    a.register_load_state_dict_post_hook(lambda module, result: 1)
    with pytest.raises(AssertionError, match="Linear: a load_state_dict post-hook returned something"):
        a.load_state_dict(a.state_dict())
    a._register_state_dict_hook(lambda module, state, prefix, metadata: {"rows": len(state["weight"])})
    assert a.state_dict() == {"rows": 2}
    a.register_state_dict_post_hook(lambda module, state, prefix, metadata: state)
    with pytest.raises(RuntimeError, match="Linear: a state_dict post-hook returned a dict"):
        a.state_dict()
