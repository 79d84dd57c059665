"""Optimizers against PyTorch (tests/golden/make_nn.py), their groups and their state."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "nn_optimizers.npz")
CASES = list(enumerate(json.loads(str(GOLDEN["cases"]))))
STEPS = 5


def start():
    return [nn.Parameter(tg.tensor(GOLDEN[f"start.{k}"])) for k in range(2)]


def train(optimizer, params, steps, lr):
    for step in steps:
        for k, p in enumerate(params):
            p.grad = tg.tensor(GOLDEN[f"gradient.{step}.{k}"])
        optimizer.param_groups[0]["lr"] = lr * (0.5 if step > 2 else 1)
        optimizer.step()
        yield step


@pytest.mark.parametrize("number, case", CASES)
def test_steps_are_pytorchs(number, case):
    kind, arguments = case
    params = start()
    optimizer = getattr(optim, kind)(params, **arguments)
    for step in train(optimizer, params, range(STEPS), arguments["lr"]):
        for k, p in enumerate(params):
            np.testing.assert_allclose(p.detach().numpy(), GOLDEN[f"{number}.{step}.{k}"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("number, case", CASES)
def test_a_saved_state_continues_exactly(number, case):
    kind, arguments = case
    params = start()
    optimizer = getattr(optim, kind)(params, **arguments)
    list(train(optimizer, params, range(2), arguments["lr"]))
    copies = [nn.Parameter(p.detach().clone()) for p in params]
    again = getattr(optim, kind)(copies, lr=7.0)
    again.load_state_dict(optimizer.state_dict())
    list(train(optimizer, params, range(2, STEPS), arguments["lr"]))
    list(train(again, copies, range(2, STEPS), arguments["lr"]))
    assert [p.tolist() for p in params] == [p.tolist() for p in copies]
    np.testing.assert_allclose(copies[0].detach().numpy(), GOLDEN[f"{number}.{STEPS - 1}.0"], rtol=1e-6, atol=1e-6)


def test_the_state_has_pytorchs_form():
    params = start()
    optimizer = optim.Adam(params, lr=0.1)
    list(train(optimizer, params, range(1), 0.1))
    state = optimizer.state_dict()
    options = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False, "maximize": False,
               "decoupled_weight_decay": False, "foreach": None, "capturable": False, "differentiable": False, "fused": None}
    assert state["param_groups"] == [{"params": [0, 1], **options}]
    assert list(state["state"]) == [0, 1] and list(state["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    step = state["state"][0]["step"]
    assert step.dtype == tg.float32 and step.shape == () and step.item() == 1


def test_groups_have_options_of_their_own():
    a, b, c = (nn.Parameter(tg.ones(2)) for _ in range(3))
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": b}], lr=0.1)
    for p in (a, b, c):
        p.grad = tg.ones(2)
    optimizer.step()
    np.testing.assert_allclose([a.tolist(), b.tolist(), c.tolist()], [[0.5] * 2, [0.9] * 2, [1] * 2], rtol=1e-6)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]
    assert repr(optim.SGD([{"params": [a], "lr": 0.5}, {"params": b}], lr=0.1)).splitlines() == ["SGD (", *[
        line for k, lr in enumerate((0.5, 0.1)) for line in [*[""] * k, f"Parameter Group {k}", "    dampening: 0",
        "    differentiable: False", "    foreach: None", "    fused: None", f"    lr: {lr}", "    maximize: False",
        "    momentum: 0", "    nesterov: False", "    weight_decay: 0"]], ")"]


def test_a_step_without_gradient_does_nothing_and_a_step_bumps_the_version():
    p, q = nn.Parameter(tg.ones(2)), nn.Parameter(tg.ones(2))
    optimizer = optim.SGD([p, q], lr=0.1)
    p.grad = tg.ones(2)
    before = p.version.count, q.version.count
    optimizer.step()
    assert (p.version.count, q.version.count) == (before[0] + 1, before[1]) and q.tolist() == [1, 1]
    assert p.requires_grad and p.is_leaf
    y = (p * p).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_zero_grad():
    p = nn.Parameter(tg.ones(2))
    optimizer = optim.Adam([p])
    p.grad = tg.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert p.grad is None


def test_any_layout_of_parameter_and_gradient():
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    p = tg.tensor(values).permute(2, 0, 1).detach().requires_grad_()
    p.grad = tg.tensor(np.ascontiguousarray(values.transpose(2, 0, 1)))
    optimizer = optim.SGD([p], lr=0.5, momentum=0.9)
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), values.transpose(2, 0, 1) * 0.5)
    state = optimizer.state_dict()
    again = optim.SGD([p], lr=0.5, momentum=0.9)
    again.load_state_dict(state)
    again.step()
    np.testing.assert_allclose(p.detach().numpy(), values.transpose(2, 0, 1) * (0.5 - 0.5 * 1.9), rtol=1e-6)


@pytest.mark.parametrize("call, error, text", [
    (lambda p: optim.SGD([], lr=1), ValueError, "SGD: params is empty"),
    (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}]), ValueError, "stands in two groups"),
    (lambda p: optim.Adam([p * 2]), ValueError, "is not a leaf tensor"),
    (lambda p: optim.Adam([3]), TypeError, "Adam: 3 is no tensor"),
    (lambda p: optim.Adam(p), TypeError, r"Adam: params is a tensor of shape \(2,\) but several are expected"),
    (lambda p: optim.Adam([p]).add_param_group([p]), TypeError, "Adam: a group is a list; give a dictionary"),
    (lambda p: optim.Adam([p], capturable=True).step(), AssertionError, "Adam: capturable is True but steps are not captured"),
    (lambda p: optim.SGD([p], differentiable=True).step(), RuntimeError, "SGD: differentiable is True but steps are not"),
    (lambda p: optim.Adam([p], fused=True, foreach=True), RuntimeError, "Adam: fused and foreach are True"),
    (lambda p: optim.SGD([{"params": [("a", p)]}, {"params": [nn.Parameter(tg.ones(1))]}]), ValueError,
     "SGD: some groups have names of parameters and some have none"),
    (lambda p: optim.Adadelta([p], rho=2), ValueError, "Adadelta: rho is 2 but must lie between 0 and 1"),
    (lambda p: optim.LBFGS([{"params": [p]}, {"params": [nn.Parameter(tg.ones(1))]}]), ValueError, "LBFGS: 2 groups"),
    (lambda p: optim.LBFGS([p]).step(), TypeError, "LBFGS: closure is None"),
    (lambda p: optim.SGD([p], lr=-1), ValueError, "SGD: lr is -1 but must be at least 0"),
    (lambda p: optim.SGD([p], nesterov=True), ValueError, "SGD: nesterov with momentum 0"),
    (lambda p: optim.AdamW([p], betas=(0.9, 1.0)), ValueError, r"AdamW: betas are \(0.9, 1.0\)"),
    (lambda p: optim.SGD([p]).load_state_dict(optim.SGD([p, nn.Parameter(tg.ones(1))]).state_dict()), ValueError,
     r"groups of \[2\] parameters but the optimizer of \[1\]"),
    (lambda p: _load_other_shape(p), ValueError, r"momentum_buffer in the state has shape \(3,\) but its parameter"),
    (lambda p: _expanded(), ValueError, "do not lie side by side"),
    (lambda p: _converted(p), TypeError, "a parameter is float64 but its gradient or state float32"),
    (lambda p: _step(optim.Optimizer([p], {}), p), NotImplementedError, "Optimizer: update is missing"),
])
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(nn.Parameter(tg.ones(2)))


def _load_other_shape(p):
    other = nn.Parameter(tg.ones(3))
    other.grad = tg.ones(3)
    optimizer = optim.SGD([other], momentum=0.9)
    optimizer.step()
    optim.SGD([p], momentum=0.9).load_state_dict(optimizer.state_dict())


def _step(optimizer, p):
    p.grad = tg.ones(2, dtype=p.dtype)
    optimizer.step()


def _converted(p):
    net = nn.Module()
    net.p = p
    optimizer = optim.Adam([p])
    _step(optimizer, p)
    net.double()
    _step(optimizer, p)


def _expanded():
    p = tg.ones(1, 2).expand(3, 2).detach().requires_grad_()
    p.grad = tg.ones(3, 2)
    optim.SGD([p]).step()


def test_a_state_of_tensors_is_taken():
    """Other writers keep the number of steps as a tensor."""
    params = start()
    optimizer = optim.Adam(params, lr=0.1)
    list(train(optimizer, params, range(2), 0.1))
    state = optimizer.state_dict()
    for entry in state["state"].values():
        entry["step"] = tg.tensor(float(entry["step"]))
    optimizer.load_state_dict(state)
    assert [entry["step"] for entry in optimizer.state.values()] == [2, 2]


def test_a_group_keeps_what_is_no_option_and_joins_late():
    a, b = nn.Parameter(tg.ones(1)), nn.Parameter(tg.ones(1))
    optimizer = optim.Adagrad([{"params": [a], "name": "head"}])
    optimizer.add_param_group({"params": b, "lr": 0.5})
    assert optimizer.param_groups[0]["name"] == "head" and optimizer.param_groups[1]["lr"] == 0.5
    a.grad, b.grad = tg.ones(1), tg.ones(1)
    optimizer.step()
    assert optimizer.state[b]["sum"].tolist() == [1.0]


def test_a_closure_and_hooks_around_a_step():
    p, seen = nn.Parameter(tg.ones(1)), []
    optimizer = optim.SGD([p], lr=0.5)
    before = optimizer.register_step_pre_hook(lambda made, args, kwargs: seen.append(p.item()))
    optimizer.register_step_post_hook(lambda made, args, kwargs: seen.append(p.item()))

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 1.0
    before.remove()
    optimizer.step(closure)
    assert seen == [1.0, 0.0, 0.0]


ROSENBROCK = [-1.2, 1.0]


@pytest.mark.parametrize("options, calls", [
    ({"line_search_fn": "strong_wolfe", "max_iter": 60, "max_eval": 200}, 60), ({"lr": 0.05, "max_iter": 400}, 400)])
def test_lbfgs_finds_the_end_of_the_valley(options, calls):
    """The banana of Rosenbrock (1960), whose minimum 0 lies at (1, 1)."""
    x = nn.Parameter(tg.tensor(ROSENBROCK, dtype=tg.float64))
    optimizer = optim.LBFGS([x], **options)

    def closure():
        optimizer.zero_grad()
        loss = 100 * (x[1] - x[0] * x[0]) ** 2 + (1 - x[0]) ** 2
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == pytest.approx(24.2)
    assert closure().item() < (1e-9 if "line_search_fn" in options else 24.2)
    assert 1 < optimizer.state[x]["func_evals"] <= calls
    again = optim.LBFGS([x], **options)
    again.load_state_dict(optimizer.state_dict())
    assert again.state[x]["n_iter"] == optimizer.state[x]["n_iter"]
    with pytest.raises(RuntimeError, match="line_search_fn is 'golden'; use 'strong_wolfe' or None"):
        optim.LBFGS([nn.Parameter(tg.tensor(ROSENBROCK))], line_search_fn="golden")._walk(closure, None, x, 1.0, 5, False)


def test_a_network_learns():
    tg.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    x = tg.randn(64, 2)
    target = (x[:, 0] * x[:, 1] > 0).long()
    optimizer, loss = optim.AdamW(net.parameters(), lr=0.05), nn.CrossEntropyLoss()
    for _ in range(150):
        optimizer.zero_grad()
        value = loss(net(x), target)
        value.backward()
        optimizer.step()
    assert value.item() < 0.1
