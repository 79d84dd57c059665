"""Python's operators on tensors, with numbers on either side; arguments that name an operation; what is refused."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn

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


def test_norms_and_spreads_have_a_gradient_of_zero_at_zero():
    for operation in (lambda x: x.norm(), lambda x: x.std(), lambda x: x.norm(0.5), lambda x: x.norm(1)):
        x = tg.zeros(3, requires_grad=True)
        operation(x).backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0]


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
