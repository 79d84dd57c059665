"""Hooks of modules: before and after, on the way back, and off again."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def test_hooks_see_and_change_what_passes():
    model, seen = net(), []
    x = tg.ones(4, 2)
    plain = model(x)
    handles = [
        model[1].register_forward_pre_hook(lambda module, args: seen.append(("before", args[0].shape))),
        model[1].register_forward_hook(lambda module, args, out: seen.append(("after", out.shape))),
        model[1].register_forward_hook(lambda module, args, out: seen.append("first"), prepend=True),
        model[2].register_forward_hook(lambda module, args, out: out * 2),
        model.register_forward_pre_hook(lambda module, args: (args[0] * 1,)),
    ]
    assert (model(x) - plain * 2).abs().max().item() < 1e-6
    assert seen == [("before", (4, 3)), "first", ("after", (4, 3))]
    for handle in handles:
        handle.remove()
        handle.remove()
    assert model(x).tolist() == plain.tolist() and len(seen) == 3


def test_keyword_arguments_are_shown_when_asked_for():
    class Scale(nn.Module):
        def forward(self, x, by=1.0):
            return x * by

    scale, seen = Scale(), []
    with scale.register_forward_pre_hook(lambda module, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True):
        scale.register_forward_hook(lambda module, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
        assert scale(tg.ones(1), by=2.0).item() == 3
    assert scale(tg.ones(1), by=2.0).item() == 2 and seen == [{"by": 3.0}, {"by": 2.0}]
    scale.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="Scale: a forward pre-hook returned a int"):
        scale(tg.ones(1), by=2.0)


def test_backward_hooks_see_and_change_gradients():
    model, seen = net(), []
    x = tg.ones(4, 2, requires_grad=True)
    model(x).sum().backward()
    first = x.grad.clone()
    x.grad = None
    model[2].register_full_backward_pre_hook(lambda module, grads: (grads[0] * 3,))
    model[2].register_full_backward_hook(lambda module, given, arrived: seen.append((given[0].shape, arrived[0].tolist())))
    model[0].register_full_backward_hook(lambda module, given, arrived: (given[0] * 2,))
    model(x).sum().backward()
    assert (x.grad - first * 6).abs().max().item() < 1e-5
    assert seen == [((4, 3), [[3.0]] * 4)]


def test_an_input_without_gradient_is_none_to_a_backward_hook():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda module, given, arrived: seen.append((given, arrived[0].shape)))
    layer(tg.ones(3, 2)).sum().backward()
    assert seen == [((None,), (3, 1))] and layer.weight.grad is not None
    assert not layer(tg.ones(3, 2)).detach().requires_grad and len(seen) == 1


def test_a_hook_may_be_called_always():
    layer, seen = nn.Linear(2, 1), []
    layer.register_forward_hook(lambda module, args, out: seen.append(out), always_call=True)
    with pytest.raises(ValueError, match="linear"):
        layer(tg.ones(3, 5))
    assert seen == [None]


def test_hooks_of_all_modules_are_called_before_a_modules_own():
    places, seen, model = nn.modules.module, [], net()
    handles = [
        places.register_module_forward_pre_hook(lambda module, args: seen.append("before")),
        places.register_module_forward_hook(lambda module, args, out: seen.append("after")),
        places.register_module_full_backward_pre_hook(lambda module, grads: seen.append("arrived")),
        places.register_module_full_backward_hook(lambda module, into, out: seen.append("left")),
    ]
    model[1].register_forward_hook(lambda module, args, out: seen.append("own"))
    try:
        model[1](tg.ones(2, requires_grad=True)).sum().backward()
        assert seen == ["before", "after", "own", "arrived", "left"]
        model(tg.ones(1, 2))
        assert seen.count("before") == 5  # no neighbors are fused meanwhile
    finally:
        for handle in handles:
            handle.remove()
    model(tg.ones(1, 2))
    assert seen.count("before") == 5


def test_backward_hooks_of_two_ways_and_of_wrong_number_are_refused():
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda module, into, out: (into[0], into[0]))
    with pytest.raises(RuntimeError, match="a backward hook returned 2 grad_input but there are 1"):
        layer(tg.ones(1, 2, requires_grad=True)).sum().backward()
    with pytest.raises(RuntimeError, match="Linear: it has backward hooks of the newer way"):
        layer.register_backward_hook(lambda *grads: None)


def test_gradients_past_the_results_tell_no_hook():
    class Named(nn.Module):
        def forward(self, x, y):
            return {"out": x * y} if self.training else x * y

    module, seen = Named(), []
    module.register_full_backward_hook(lambda module, into, out: seen.append([g.tolist() for g in into]))
    x, y = tg.ones(2, requires_grad=True), tg.ones(2)
    module(x, y)["out"].sum().backward()
    assert seen == []
    module.eval()(x, y).sum().backward()
    assert seen == [[[1, 1], [0, 0]]]


def test_a_forward_of_its_own_is_called_in_a_sequential():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    model[1].forward = lambda x: x * 0 - 7
    assert model(tg.ones(1, 2)).tolist() == [[-7, -7]]
