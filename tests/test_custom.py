"""Operations defined PyTorch's way, switches of recording, and `backward` and `grad` with all their arguments."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import Function
from tinygrad_cnn.left_out import LeftOut


class Scale(Function):
    """x * k, whose backward says what it was given."""

    @staticmethod
    def forward(ctx, x, k, y=None):
        ctx.save_for_backward(x, None)
        ctx.k = k
        return x * k

    @staticmethod
    def backward(ctx, g):
        (x, nothing), needs = ctx.saved_tensors, ctx.needs_input_grad
        assert nothing is None and needs[0] and not any(needs[1:])
        return g * ctx.k + 0 * x, None, None


class Cube(Function):
    """x ** 3 by its own square: its backward can be differentiated, also through the result it saved."""

    @staticmethod
    def forward(ctx, x):
        out = x**3
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx, g):
        x, out = ctx.saved_tensors
        return g * 3 * out / x


class Halves(Function):
    """Two results, one of them no function of x for backward; made with `setup_context`."""

    @staticmethod
    def forward(x):
        return x[:2] * 2, x[2:] * 3, x > 0

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output[2])
        ctx.shape = inputs[0].shape

    @staticmethod
    def backward(ctx, a, b, c):
        assert ctx.shape == (4,)
        return tg.cat([a * 2, b * 3])


def test_static_forward_and_backward():
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    out = Scale.apply(x, 5, "any object")
    assert out.tolist() == [5, -10] and type(out.grad_fn).__name__ == "Scale"
    out.sum().backward()
    assert x.grad.tolist() == [5, 5]
    with tg.no_grad():
        assert not Scale.apply(x, 5).requires_grad
    assert not Scale.apply(x.detach(), 5).requires_grad


def test_second_derivatives_through_saved_results():
    x = tg.tensor([2.0, 3.0], dtype=tg.float64, requires_grad=True)
    g, = tg.grad(Cube.apply(x).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), [12, 27])
    h, = tg.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), [12, 18])
    assert tg.gradcheck(Cube.apply, (x,)) and tg.gradgradcheck(Cube.apply, (x,))


def test_several_results():
    x = tg.tensor([1.0, 2.0, -3.0, 4.0], requires_grad=True)
    a, b, positive = Halves.apply(x)
    assert positive.tolist() == [True, True, False, True] and not positive.requires_grad
    a.sum().backward()  # nothing depends on b: its gradient is zeros
    assert x.grad.tolist() == [2, 2, 0, 0] and b.requires_grad


def test_a_result_that_nothing_depends_on_may_have_no_gradient():
    class Both(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            assert a is None
            return b * 3

    x = tg.ones(2, requires_grad=True)
    Both.apply(x)[1].sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_what_backward_returns_must_fit():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    x = tg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="backward: Wrong returned 1 gradients for 2 arguments"):
        Wrong.apply(x, x).sum().backward()


def test_saved_tensors_are_watched():
    x = tg.ones(2, requires_grad=True)
    y = x * 1
    out = Cube.apply(y)
    y.detach().add_(1)
    with pytest.raises(RuntimeError, match="saved_tensors: a tensor of shape .* was changed in place"):
        out.sum().backward()


def test_in_place():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = tg.ones(2, requires_grad=True)
    y = x * 3
    assert Double.apply(y) is y and y.tolist() == [6, 6]
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]


def test_apply_of_a_function_of_arrays():
    class Negative(Function):
        def forward(self, x):
            return -x

        def backward(self, g):
            return -g

    x = tg.ones(2, requires_grad=True)
    Negative.apply(x).sum().backward()
    assert x.grad.tolist() == [-1, -1]


def test_switches():
    x = tg.ones(1, requires_grad=True)

    @tg.no_grad
    def bare(x):
        return x * 2

    @tg.inference_mode()
    def inferred(x):
        return x * 2

    @tg.set_grad_enabled(False)
    def switched(x):
        return x * 2

    assert tg.is_grad_enabled()
    assert not any(f(x).requires_grad for f in (bare, inferred, switched, switched))
    assert tg.is_grad_enabled()
    tg.set_grad_enabled(False)
    assert not (x * 2).requires_grad and tg.enable_grad(lambda: x * 2)().requires_grad
    with tg.set_grad_enabled(True):
        assert tg.is_grad_enabled()
    assert not tg.is_grad_enabled()
    tg.set_grad_enabled(True)
    with tg.inference_mode(False):
        assert tg.is_grad_enabled()
    for flag in (True, False):
        with tg.set_grad_enabled(flag):
            assert tg.is_grad_enabled() == flag
    assert tg.is_grad_enabled()


def test_backward_into_some_leaves():
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [1, 1] and y.grad is None
    tg.autograd.backward([x * y, y * 3], [tg.ones(2), tg.tensor([1.0, 2.0])])
    assert x.grad.tolist() == [2, 2] and y.grad.tolist() == [4, 7]
    with pytest.raises(RuntimeError, match="backward: inputs is empty"):
        (x * y).sum().backward(inputs=[])


def test_arguments_of_grad():
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    g = tg.autograd.grad(outputs=(x * 2).sum(), inputs=(x, y), only_inputs=True, materialize_grads=True)
    assert [v.tolist() for v in g] == [[2, 2], [0, 0]]
    with pytest.raises(ValueError, match="grad: only_inputs is False"):
        tg.grad((x * 2).sum(), x, only_inputs=False)
    with pytest.raises(LeftOut, match="grad: is_grads_batched is True"):
        tg.grad((x * 2).sum(), x, is_grads_batched=True)
    with pytest.raises(ValueError, match="allow_unused is False but materialize_grads"):
        tg.grad((x * 2).sum(), x, allow_unused=False, materialize_grads=True)
