"""What all optimizers share: groups of parameters, their state, saving. A subclass adds one update rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd import enable_grad, no_grad
from ..nn.hooks import Handle
from ..nn.parameter import clear_grad
from ..tensor import Tensor
from .flat import zeros

Group = dict[str, Any]
Params = Iterable[Tensor] | Iterable[Group]
Closure = Callable[[], Any]
StepHook = Callable[["Optimizer", tuple[Any, ...], dict[str, Any]], Any]
NOT_NEGATIVE = ("lr", "momentum", "weight_decay", "eps", "alpha", "lr_decay", "initial_accumulator_value", "momentum_decay")
NUMBERS = ("step", "mu_product")  # of the state, which other writers keep as tensors


class Optimizer:
    """Base class: `params` are parameters, or groups {"params": ..., "lr": ..., ...} with options of their own.

    `param_groups` holds the groups with all their options, `state` what the rule remembers of each parameter. A group
    may have entries that are no options; they are kept.
    """

    def __init__(self, params: Params, defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self._hooks: dict[str, dict[int, StepHook]] = {"before": {}, "after": {}}
        if isinstance(params, Tensor):
            raise TypeError(f"{type(self).__name__}: params is a tensor of shape {params.shape} but several are expected; "
                            "give a list of it")
        given: list[Any] = list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: params is empty; give model.parameters() anew")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def hints(self, options: Group, foreach: bool | None, capturable: bool, differentiable: bool,
              fused: bool | None = None) -> Group:
        """`options`; how PyTorch should compute the step makes no difference here, where it is one kernel.

        What would change its meaning is refused: steps that are recorded for a derivative, or in a CUDA graph.
        """
        del foreach, fused
        for name, value in (("capturable", capturable), ("differentiable", differentiable)):
            if value:
                raise NotImplementedError(f"{type(self).__name__}: {name} is {value} but steps are neither recorded nor "
                                          "captured; leave it False")
        return options

    def add_param_group(self, param_group: Group) -> None:
        """One more group; options it leaves out are the defaults."""
        name = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{name}: a group is a {type(param_group).__name__}; give a dictionary with \"params\"")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(f"{name}: params is a set, which has no order; give a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for old in self.param_groups for p in old["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: {p!r} is no tensor; give the parameters of a model")
            if p.node is not None:
                raise ValueError(f"{name}: {p!r} is not a leaf tensor; give the parameters of a model")
            if id(p) in known:
                raise ValueError(f"{name}: a parameter of shape {tuple(p.shape)} is given twice; "
                                 "name it once, in one group")
            known.add(id(p))
        full = {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        self.check(full)
        self.param_groups.append(full)

    def check(self, group: Group) -> None:
        """Refuse impossible options: by default those that must not be negative, and means that would not forget."""
        name = type(self).__name__
        for option in NOT_NEGATIVE:
            if option in group and not group[option] >= 0:
                raise ValueError(f"{name}: {option} is {group[option]} but must be at least 0")
        if not all(0 <= beta < 1 for beta in group.get("betas", ())):
            raise ValueError(f"{name}: betas are {group['betas']} but must be at least 0 and below 1")
        if not 0 <= group.get("rho", 0) <= 1:
            raise ValueError(f"{name}: rho is {group['rho']} but must lie between 0 and 1")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                clear_grad(p, set_to_none)

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient.

        A `closure` computes the loss and its gradients first; its value is returned.
        """
        self._tell("before", closure)
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self.update(p, group, self.state[p])
                        p.version.count += 1
        self._tell("after", closure)
        return loss

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        """The rule: change `p` by its gradient, with the group's options; `state` is kept from step to step."""
        raise NotImplementedError(f"{type(self).__name__}: update is missing; define update(self, p, group, state)")

    def gradient(self, p: Tensor, group: Group) -> Any:
        """The array of the direction to walk against: the gradient, negated to maximize."""
        assert p.grad is not None
        return (-p.grad if group["maximize"] else p.grad).array

    def register_step_pre_hook(self, hook: StepHook) -> Handle:
        """Call `hook(optimizer, args, kwargs)` before every step; the handle removes it."""
        return Handle(self._hooks["before"], hook)

    def register_step_post_hook(self, hook: StepHook) -> Handle:
        """Call `hook(optimizer, args, kwargs)` after every step; the handle removes it."""
        return Handle(self._hooks["after"], hook)

    def _tell(self, when: str, closure: Closure | None) -> None:
        for hook in list(self._hooks[when].values()):
            hook(self, () if closure is None else (closure,), {})

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number: {name: tensor or number}}, "param_groups": [...]}; numbers stand for parameters."""
        params = [p for group in self.param_groups for p in group["params"]]
        number = {id(p): k for k, p in enumerate(params)}
        groups = [{**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": {number[id(p)]: dict(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict` was asked. Raises, before anything is changed, if groups or shapes differ."""
        name, groups = type(self).__name__, state_dict["param_groups"]
        sizes = [len(group["params"]) for group in groups], [len(group["params"]) for group in self.param_groups]
        if sizes[0] != sizes[1]:
            raise ValueError(f"{name}: the state has groups of {sizes[0]} parameters but the optimizer of {sizes[1]}; "
                             "build the optimizer as it was when it was saved")
        params = [p for group in self.param_groups for p in group["params"]]
        order = [k for group in groups for k in group["params"]]
        state = {p: {key: self.restored(key, value, p) for key, value in state_dict["state"][k].items()}
                 for p, k in zip(params, order) if k in state_dict["state"]}
        self.state = defaultdict(dict, state)
        for own, group in zip(self.param_groups, groups):
            own.update({key: value for key, value in group.items() if key != "params"})

    def restored(self, key: str, value: Any, p: Tensor) -> Any:
        """A copy of a loaded value on the device of its parameter; numbers, such as the step, stay or become numbers."""
        if not isinstance(value, (Tensor, np.ndarray)):
            return value
        if key in NUMBERS:
            return int(value.item()) if key == "step" else float(value.item())
        if tuple(value.shape) != tuple(p.shape):
            raise ValueError(f"{type(self).__name__}: {key} in the state has shape {tuple(value.shape)} but its parameter "
                             f"{tuple(p.shape)}; load the state of the same network")
        copy = zeros(p)
        return copy.copy_(value.detach().to(p.device) if isinstance(value, Tensor) else value)

    def __repr__(self) -> str:
        lines = []
        for group in self.param_groups:
            options = ", ".join(f"{key}={value}" for key, value in group.items() if key != "params")
            lines.append(f"  {len(group['params'])} parameters: {options}")
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])
