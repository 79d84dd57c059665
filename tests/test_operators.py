"""Python's operators on tensors, with numbers on either side; arguments that name an operation; what is refused."""

import math

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn

from . import references

VALUES = np.array([7, -7, 5, -2])


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_quotients_and_remainders(dtype):
    values = VALUES.astype(dtype)
    x, y = tg.tensor(values), tg.tensor(np.array([3, 3, -2, -2]).astype(dtype))
    for found, wanted in ((x // y, values // [3, 3, -2, -2]), (x % y, values % [3, 3, -2, -2]), (x // 3, values // 3),
                          (20 // x, 20 // values), (20 % x, 20 % values), (x.fmod(3), np.fmod(values, 3)),
                          (x.div(y, rounding_mode="trunc"), np.trunc(values / [3, 3, -2, -2]))):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), wanted)


def test_bits_and_signs():
    x = tg.tensor(VALUES)
    for found, wanted in ((x & 3, VALUES & 3), (x | 8, VALUES | 8), (x ^ x, VALUES ^ VALUES), (~x, ~VALUES),
                          (abs(x), abs(VALUES)), (+x, VALUES), (-x, -VALUES), (1 & x, 1 & VALUES)):
        np.testing.assert_array_equal(found.numpy(), wanted)
    flags = x > 0
    assert (~flags & (x < -5)).tolist() == [False, True, False, False] and (flags ^ True).tolist() == (~flags).tolist()


def test_two_tensors_by_one_name():
    x, y = tg.tensor([1.0, 5.0]), tg.tensor([3.0, 2.0])
    assert tg.max(x, y).tolist() == [3.0, 5.0] and tg.min(x, y).tolist() == [1.0, 2.0]
    assert tg.pow(2, x).tolist() == [2.0, 32.0] and tg.add(x, y, alpha=2).tolist() == [7.0, 9.0]
    assert tg.equal(x, x.clone()) and not tg.equal(x, x[:1]) and tg.allclose(x, x + 1e-9)
    assert tg.where(x > 2)[0].tolist() == [1] and tg.where(x > 2, 1.0, 2.0).dtype == tg.float32
    assert x.var(False).item() == 4.0 and x.std().item() == pytest.approx(8 ** 0.5)
    assert tg.einsum(x, [0], y, [0], []).item() == 13.0


def test_the_first_operand_may_be_a_number():
    x = tg.tensor([1, 2])
    for found, wanted in ((tg.add(2.5, x, alpha=2), [4.5, 6.5]), (tg.sub(1, x), [0, -1]), (tg.mul(2, x), [2, 4]),
                          (tg.div(3, x, rounding_mode="floor"), [3, 1]), (tg.bitwise_xor(3, x), [2, 1]), (tg.add(2, 3), 5),
                          (tg.remainder(5, x), [0, 1]), (tg.floor_divide(5, x), [5, 2]), (tg.pow(2, exponent=x), [2, 4])):
        assert found.tolist() == wanted
    out = tg.zeros(2)
    assert tg.mul(0.5, x, out=out) is out and out.tolist() == [0.5, 1.0]
    with pytest.raises(TypeError, match="fmod: input is int"):
        tg.fmod(5, x)


def test_numbers_wrap_around_in_uint8():
    x = tg.tensor([10, 200], dtype=tg.uint8)
    assert (x < -1).tolist() == [True, True] and (x < 300).tolist() == [True, False] and (x // 300).tolist() == [0, 4]
    for refused in (lambda: x.clamp(0, 300), lambda: x ** 300, lambda: tg.where(x > 20, x, 300)):
        with pytest.raises(RuntimeError, match="300 is no uint8"):
            refused()
    assert (tg.tensor([0, 1, -1]) ** tg.tensor([-2, -2, -1])).tolist() == [0, 1, -1]


def test_axes_and_outputs_of_the_wrong_kind():
    x = tg.ones(2, 3)
    for wrong in ("a", 1.5):
        with pytest.raises(TypeError, match="sum: axis .* but a whole number is needed"):
            x.sum(wrong)
    assert x.any(dim=()).shape == x.all(dim=()).shape == (2, 3)
    assert [t.tolist() for t in tg.var_mean(x, axis=1)] == [[0, 0], [1, 1]]
    with pytest.raises(RuntimeError, match="exp: out has dtype int64 but the result is float32"):
        tg.exp(x, out=tg.zeros(2, 3, dtype=tg.int64))
    with pytest.raises(RuntimeError, match="nanmean: dtype int64"):
        x.long().nanmean()
    assert tg.hypot(tg.tensor([3]), tg.tensor([4.0])).tolist() == [5]
    assert x.mul(90).deg2rad_()[0, 0].item() == pytest.approx(math.pi / 2)
    with pytest.raises(RuntimeError, match="hypot: dtype int64"):
        x.long().hypot(x.long())


def test_bounds_that_are_no_number_win():
    x, bound = tg.tensor([-1.0, 2.0]), tg.tensor([float("nan"), 1.0])
    for found in (x.clamp(bound), x.clamp_max(bound), x.clamp(bound, tg.ones(2)), x.clamp(-tg.ones(2), bound)):
        assert np.isnan(found.tolist()[0]) and np.isfinite(found.tolist()[1])
    assert np.isnan(x.clamp(max=float("nan")).numpy()).all()
    flags = tg.tensor([True, False])
    assert flags.clamp_max(tg.tensor(False)).tolist() == [False, False] and flags.clamp_min(True).tolist() == [True, True]


@pytest.mark.parametrize("dtype, close", [("float64", 1e-13), ("float32", 2e-6)])
def test_the_inverse_of_the_error_function(dtype, close):
    wanted = np.linspace(-5.8 if dtype == "float64" else -3.7, 0.7, 200)
    x = np.array([math.erf(v) if v > -0.5 else math.erfc(-v) - 1 for v in wanted], dtype)
    exact = np.array([references.erfinv(float(v)) for v in x])
    np.testing.assert_allclose(tg.tensor(x).erfinv().numpy(), exact, close)
    assert tg.tensor([-1.0, 0.0, 1.0]).erfinv().tolist() == [-math.inf, 0.0, math.inf]
    assert np.isnan(tg.tensor([1.5, math.nan]).erfinv_().numpy()).all()


def test_of_infinities():
    inf, nan = math.inf, math.nan
    assert tg.hypot(tg.tensor([inf, nan, 1.0]), tg.tensor([nan, -inf, inf])).tolist() == [inf] * 3
    x = tg.tensor([-0.5, 0.5, 2.0], requires_grad=True)
    x.logit().sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [nan, 4.0, nan])
    for function in (nn.functional.hardshrink, nn.functional.softshrink, nn.functional.hardtanh):
        x = tg.tensor([nan], requires_grad=True)
        function(x).backward()
        assert x.grad.tolist() == [0.0], "where the input is no number there is no gradient"


def test_norms_and_spreads_have_a_gradient_of_zero_at_zero():
    for operation in (lambda x: x.norm(), lambda x: x.std(), lambda x: x.norm(0.5), lambda x: x.norm(1)):
        x = tg.zeros(3, requires_grad=True)
        operation(x).backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("device", ["cpu", "cuda", "meta"])
def test_the_sum_of_singular_values(device):
    values = np.random.default_rng(0).standard_normal((3, 2, 4))
    x = tg.tensor(values, device=device, requires_grad=True)
    found = x.norm("nuc", (2, 0), keepdim=True)
    assert found.shape == (1, 2, 1) and found.requires_grad
    if device == "meta":
        return
    wanted = [np.linalg.svd(values[:, k], compute_uv=False).sum() for k in range(2)]
    np.testing.assert_allclose(found.flatten().tolist(), wanted)
    if device == "cpu":
        assert tg.gradcheck(lambda x: x.norm("nuc", (0, 1)), [x]) and tg.gradgradcheck(lambda x: x[0].norm("nuc"), [x])
    for wrong, words in ((lambda: x.norm("nuc"), "norm: p is 'nuc' over the axes"), (lambda: x.norm("a"), "norm: p is 'a'")):
        with pytest.raises(RuntimeError, match=words):
            wrong()


def test_of_nothing():
    nothing = tg.zeros(0)
    assert np.isnan(nothing.mean().item()) and np.isnan(tg.ones(1).var().item())
    assert nothing.prod().item() == 1.0 and nothing.sum().item() == 0.0 and nothing.all().item() and not nothing.any().item()


@pytest.mark.parametrize("error, words, call", [
    (RuntimeError, "floor_divide: an integer is divided by 0", lambda x: x // 0),
    (RuntimeError, "remainder: an integer is divided by 0", lambda x: x % tg.tensor([1, 0, 1, 1])),
    (RuntimeError, "pow: exponent -1 .* integers need at least 0", lambda x: x ** -1),
    (RuntimeError, "sub: an operand is bool", lambda x: x - (x > 0)),
    (RuntimeError, "abs: dtype bool", lambda x: abs(x > 0)),
    (RuntimeError, "add: alpha is 0.5", lambda x: x.add(x, alpha=0.5)),
    (RuntimeError, "isclose: dtypes are int64 and float32", lambda x: x.isclose(x.float())),
    (RuntimeError, "where: condition is int64", lambda x: tg.where(x, x, x)),
    (TypeError, "maximum: an operand is int", lambda x: x.maximum(1)),
    (TypeError, "mul: an operand is str", lambda x: x.mul("a")),
    (TypeError, "exp: input is int", lambda x: tg.exp(1)),
    (RuntimeError, "mm: dtypes are", lambda x: x.reshape(2, 2).mm(tg.ones(2, 2))),
])
def test_refusals(error, words, call):
    with pytest.raises(error, match=words):
        call(tg.tensor(VALUES))


def test_modules_are_their_functions():
    x = tg.tensor(np.linspace(-4, 4, 24, dtype=np.float32).reshape(2, 3, 4))
    functions = nn.functional
    for module, wanted in ((nn.LeakyReLU(0.2), functions.leaky_relu(x, 0.2)), (nn.ELU(0.5), functions.elu(x, 0.5)),
                           (nn.GELU("tanh"), functions.gelu(x, "tanh")), (nn.Softplus(2.0), functions.softplus(x, 2.0)),
                           (nn.Hardtanh(-2, 2), x.clamp(-2, 2)), (nn.Threshold(1.0, 7.0), functions.threshold(x, 1.0, 7.0)),
                           (nn.PReLU(3, 0.25), functions.leaky_relu(x, 0.25)), (nn.GLU(2), functions.glu(x, 2)),
                           (nn.Softmin(1), (-x).softmax(1)), (nn.Softmax2d(), x.softmax(0)), (nn.SELU(), functions.selu(x)),
                           (nn.CELU(2.0), functions.celu(x, 2.0)), (nn.Softshrink(1.0), functions.softshrink(x, 1.0)),
                           (nn.Hardshrink(1.0), functions.hardshrink(x, 1.0)), (nn.LogSoftmax(2), x.log_softmax(2))):
        np.testing.assert_array_equal(module(x).detach().numpy(), wanted.numpy(), err_msg=repr(module))
    for name in ("ReLU6", "SiLU", "Mish", "Hardsigmoid", "Hardswish", "LogSigmoid", "Tanhshrink", "Softsign"):
        found = getattr(nn, name)()(x)
        np.testing.assert_array_equal(found.numpy(), getattr(functions, name.lower())(x).numpy())
    assert repr(nn.PReLU(3)) == "PReLU(num_parameters=3)" and list(nn.PReLU(3).state_dict()) == ["weight"]
    with pytest.warns(UserWarning, match="softmax: dim is None"):
        nn.Softmax()(x)
