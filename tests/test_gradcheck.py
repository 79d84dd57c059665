"""`gradcheck` finds faulty derivatives, says which, and follows PyTorch's signature."""

import inspect

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import Function
from tinygrad_cnn.gradient_check import GradcheckError
from tinygrad_cnn.nn import functional as F

fast = pytest.mark.parametrize("fast_mode", [False, True])


def leaf(*shape, seed=0, dtype="float64"):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype), requires_grad=True)


class Square(Function):
    """x * x with a derivative to choose."""

    saves = ("x",)

    def __init__(self, slope):
        self.slope = slope

    def forward(self, x):
        return x * x

    def backward(self, g):
        return self.slope(g, self.x)


RIGHT = Square(lambda g, x: g * x * 2)


@fast
def test_right_derivatives_pass(fast_mode):
    x, w, b = leaf(2, 2, 4, 4), leaf(3, 2, 3, 3), leaf(3)
    values = x.tolist()
    assert tg.gradcheck(lambda *a: F.conv2d(*a, padding=1).tanh(), (x, w, b), fast_mode=fast_mode)
    assert tg.gradgradcheck(lambda *a: F.conv2d(*a, padding=1).tanh(), (x, w, b), fast_mode=fast_mode)
    assert x.tolist() == values and x.grad is None and w.requires_grad


@fast
def test_a_wrong_factor_is_found(fast_mode):
    x = tg.tensor([[1.0, 3.0], [2.0, -1.0]], dtype=tg.float64, requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        tg.gradcheck(lambda a, b: a + Square(lambda g, x: g * x)(b), (leaf(2, 2), x), fast_mode=fast_mode)
    said = str(caught.value)
    assert "the derivative of result 0[0, 1] in input 1[0, 1] is 3 by backward but 6" in said, "the worst element"
    assert "4 of 16 derivatives" in said and "backward is 0.5 times the difference in all of them" in said


@pytest.mark.parametrize("slope, says", [
    (lambda g, x: g * x * 2 * (x > 0), "kink"),
    (lambda g, x: None, "backward is zero throughout"),
    (lambda g, x: g * x * np.nan, "is nan by backward"),
])
def test_other_faults(slope, says):
    x = tg.tensor([1.0, -2.0, 3.0], dtype=tg.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match=says):
        tg.gradcheck(lambda x: Square(slope)(x), x)
    assert not tg.gradcheck(lambda x: Square(slope)(x), x, raise_exception=False)


def test_a_constant_backward_fails_the_second_order_only():
    def slope(g, x):
        return g * tg.from_numpy(x.detach().numpy() * 2)

    assert tg.gradcheck(lambda x: Square(slope)(x), leaf(3))
    with pytest.raises(GradcheckError, match="result 0.* in input 0.* is 0 by backward|backward is zero"):
        tg.gradgradcheck(lambda x: Square(slope)(x), leaf(3))


def test_several_results_some_without_gradient():
    x = leaf(3, 4)
    assert tg.gradcheck(lambda x: x.max(1), x)
    assert tg.gradcheck(lambda x: (x.exp(), x.detach() * 0, 2 * x), x, check_undefined_grad=False)
    with pytest.raises(GradcheckError, match="derivative of result 1"):
        tg.gradcheck(lambda x: (x.exp(), x.detach()), x)


def test_closures_and_arguments_that_are_no_tensors():
    x, y = leaf(3), leaf(3, seed=1)
    assert tg.gradcheck(lambda *_: x * y, (x, y)) and tg.gradgradcheck(lambda a, n: a * a * n, (x, 3.0))
    assert tg.gradgradcheck(lambda a: a.exp(), x, tg.ones(3, dtype=tg.float64))


def test_random_functions_are_found():
    tg.manual_seed(0)

    class Random(Function):
        def forward(self, x):
            return x * 1

        def backward(self, g):
            return g * tg.rand(*g.shape, dtype=tg.float64)

    with pytest.raises(GradcheckError, match="two backward passes of result 0 differ by .* nondet_tol 0"):
        tg.gradcheck(lambda x: Random()(x), leaf(3))


def test_dtypes():
    with pytest.warns(UserWarning, match="input 0 is float32, whose rounding hides"):
        assert not tg.gradcheck(lambda x: x.exp(), leaf(3, dtype="float32"), raise_exception=False)
    with pytest.warns(UserWarning):
        assert tg.gradcheck(lambda x: x * x, leaf(3, dtype="float32"), eps=1e-2, atol=1e-2, rtol=1e-2)
    wrong = Square(lambda g, x: (g * x * 2).float())
    with pytest.raises(GradcheckError, match="the gradient of input 0 is float32 but the input is float64"):
        tg.gradcheck(lambda x: wrong(x), leaf(3), check_grad_dtypes=True)


def test_what_is_refused():
    with pytest.raises(ValueError, match="none of the 1 inputs requires grad"):
        tg.gradcheck(lambda x: x, tg.ones(2))
    with pytest.raises(NotImplementedError, match="check_forward_ad=True is PyTorch's but is not built here"):
        tg.gradcheck(lambda x: x, leaf(2), check_forward_ad=True)
    with pytest.raises(TypeError, match="there is no option epsilon=1"):
        tg.gradcheck(lambda x: x, leaf(2), epsilon=1)
    assert tg.gradcheck(lambda x: x * 2, leaf(2), check_forward_ad=False, masked=None, check_backward_ad=True)


def test_on_the_emulated_gpu():
    x = tg.tensor([0.5, 2.0], dtype=tg.float64, device="cuda", requires_grad=True)
    assert tg.gradcheck(lambda x: x.log() * x, x)


@pytest.mark.peers
@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_signatures_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    ours, theirs = (inspect.signature(f).parameters for f in (getattr(tg, name), getattr(torch.autograd, name)))
    from tinygrad_cnn.gradient_check import _ABSENT

    for key, parameter in theirs.items():
        if key in ours:
            assert (ours[key].default, ours[key].kind) == (parameter.default, parameter.kind), key
        else:
            absent = _ABSENT[key]
            assert parameter.default in (absent if isinstance(absent, tuple) else (absent,)), key
