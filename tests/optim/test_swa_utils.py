"""Averaged networks by PyTorch's names, and what optimizers of one's own rely on."""

import copy

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)


def test_averages():
    net = nn.Linear(1, 1, bias=False)
    models = [AveragedModel(net), AveragedModel(net, avg_fn=get_swa_avg_fn()), AveragedModel(net, avg_fn=get_ema_avg_fn(0.5)),
              AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.5), device="cpu"),
              AveragedModel(net, multi_avg_fn=get_swa_multi_avg_fn())]
    for value in (1.0, 2.0, 6.0):
        net.weight.data.fill_(value)
        for model in models:
            model.update_parameters(net)
    assert [m.module.weight.item() for m in models] == [3, 3, 3.75, 3.75, 3] and models[0].n_averaged == 3
    assert models[0](tg.ones(1, 1)).item() == 3 and list(models[0].state_dict()) == ["n_averaged", "module.weight"]
    with pytest.raises(AssertionError, match="avg_fn and multi_avg_fn are both given"):
        AveragedModel(net, avg_fn=get_swa_avg_fn(), multi_avg_fn=get_ema_multi_avg_fn())
    with pytest.raises(ValueError, match="decay is 2"):
        get_ema_avg_fn(2)


def test_buffers_and_batch_norm():
    net = nn.Sequential(nn.BatchNorm1d(2))
    copied, averaged = AveragedModel(net), AveragedModel(net, use_buffers=True)
    for k in range(2):
        net[0].running_mean.fill_(float(k))
        copied.update_parameters(net), averaged.update_parameters(net)
    assert copied.module[0].running_mean.tolist() == [1, 1] and averaged.module[0].running_mean.tolist() == [0.5, 0.5]
    batches = [[tg.rand(4, 2), 0], [tg.rand(4, 2), 1]]
    copied.eval()
    update_bn(batches, copied)
    np.testing.assert_allclose(copied.module[0].running_mean.numpy(), tg.cat([b[0] for b in batches]).mean(0).numpy(), 1e-5)
    assert copied.module[0].momentum == 0.1 and not copied.training
    update_bn(batches, nn.Linear(2, 2))  # nothing to do


@pytest.mark.parametrize("strategy, middle", [("linear", 0.55), ("cos", 0.55)])
def test_swalr(strategy, middle):
    optimizer = optim.SGD([nn.Parameter(tg.ones(1))], lr=1.0)
    schedule = SWALR(optimizer, swa_lr=0.1, anneal_epochs=2, anneal_strategy=strategy)
    rates = []
    for _ in range(4):
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, [middle, 0.1, 0.1, 0.1])
    for options, text in (({"anneal_strategy": "x"}, "anneal_strategy is 'x'"), ({"anneal_epochs": -1}, "anneal_epochs is -1"),
                          ({"swa_lr": [1.0, 2.0]}, "2 swa_lr for 1 groups")):
        with pytest.raises(ValueError, match=text):
            SWALR(optimizer, **{"swa_lr": 0.1, **options})


class Halving(optim.Optimizer):
    """Written as programs for PyTorch write theirs."""

    def __init__(self, params, lr=0.5):
        super().__init__(params, {"lr": lr})

    def __setstate__(self, state):
        super().__setstate__(state)

    @tg.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else tg.enable_grad(closure)()
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["step"] = state.get("step", 0) + 1
                state["past"] = [p.clone()]
                p.add_(p.grad, alpha=-group["lr"])
        return loss


def test_an_optimizer_of_ones_own():
    p, seen = nn.Parameter(tg.ones(2)), []
    optimizer = Halving([("weight", p)])
    optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda optimizer, args, kwargs: seen.append("after"))

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum() / 2
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1 and p.tolist() == [0.5, 0.5] and seen == ["before", "after"]
    state = copy.deepcopy(optimizer.state_dict())
    assert state["param_groups"] == [{"params": [0], "lr": 0.5, "param_names": ["weight"]}] and state["state"][0]["step"] == 1
    again = Halving([p])
    again.register_load_state_dict_pre_hook(lambda optimizer, state: seen.append("load"))
    again.register_load_state_dict_post_hook(lambda optimizer: seen.append("loaded"))
    again.load_state_dict(state)
    assert again.state[p]["step"] == 1 and again.state[p]["past"][0].tolist() == [1, 1] and seen[2:] == ["load", "loaded"]
    again.register_state_dict_pre_hook(lambda optimizer: seen.append("save"))
    again.register_state_dict_post_hook(lambda optimizer, state: {**state, "more": 1})
    assert again.state_dict()["more"] == 1 and seen[-1] == "save"
    assert repr(again) == "Halving (\nParameter Group 0\n    lr: 0.5\n    param_names: ['weight']\n)"


def test_a_learning_rate_that_is_a_tensor():
    p, q = (nn.Parameter(tg.ones(2)) for _ in range(2))
    p.grad = q.grad = tg.ones(2)
    optim.Adam([p], lr=tg.tensor(0.1), betas=(tg.tensor(0.9), tg.tensor(0.99))).step()
    optim.Adam([q], lr=0.1, betas=(0.9, 0.99)).step()
    np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), 1e-6)


def test_a_parameter_twice_in_a_group_is_warned_of():
    p = nn.Parameter(tg.ones(2))
    with pytest.warns(UserWarning, match="SGD: a parameter is given twice in one group"):
        optim.SGD([p, p])


@pytest.mark.parametrize("options, text", [
    ({"lr": tg.ones(2)}, "lr has shape"), ({"betas": (0.9, tg.tensor(0.99))}, "must be both numbers or both tensors"),
    ({"lr": tg.tensor(0.1), "foreach": True}, "foreach is True but lr or betas are tensors")])
def test_tensors_that_are_no_options(options, text):
    with pytest.raises(ValueError, match=f"Adam: .*{text}"):
        optim.Adam([nn.Parameter(tg.ones(2))], **options)
