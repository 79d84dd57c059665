"""What all optimizers share: groups of parameters, their state, saving. A subclass adds one update rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..nn.parameter import clear_grad
from ..tensor import Tensor
from .flat import zeros

Group = dict[str, Any]


class Optimizer:
    """Base class: `params` are parameters, or groups {"params": ..., "lr": ..., ...} with options of their own.

    `param_groups` holds the groups with all their options, `state` what the rule remembers of each parameter.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        given: list[Any] = list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: params is empty; give model.parameters() anew")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """One more group; options it leaves out are the defaults."""
        name = type(self).__name__
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for old in self.param_groups for p in old["params"]}
        for p in params:
            if not isinstance(p, Tensor) or p.node is not None:
                raise TypeError(f"{name}: {p!r} is not a leaf tensor; give the parameters of a model")
            if id(p) in known:
                raise ValueError(f"{name}: a parameter of shape {tuple(p.shape)} is given twice; "
                                 "name it once, in one group")
            known.add(id(p))
        unknown = group.keys() - self.defaults.keys() - {"params"}
        if unknown:
            raise ValueError(f"{name}: {min(unknown)!r} is no option; use {', '.join(self.defaults)}")
        full = {"params": params, **self.defaults, **{k: v for k, v in group.items() if k != "params"}}
        self.check(full)
        self.param_groups.append(full)

    def check(self, group: Group) -> None:
        """Refuse impossible options: by default those that must not be negative."""
        for option in ("lr", "momentum", "weight_decay", "eps"):
            if option in group and not group[option] >= 0:
                raise ValueError(f"{type(self).__name__}: {option} is {group[option]} but must be at least 0")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                clear_grad(p, set_to_none)

    def step(self) -> None:
        """One update of every parameter that has a gradient."""
        with no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self.update(p, group, self.state.setdefault(p, {}))
                        p.version.count += 1

    def update(self, p: Tensor, group: Group, state: dict[str, Any]) -> None:
        """The rule: change `p` by its gradient, with the group's options; `state` is kept from step to step."""
        raise NotImplementedError(f"{type(self).__name__}: update is missing; define update(self, p, group, state)")

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
        state = {p: {key: _like(name, key, value, p) for key, value in state_dict["state"][k].items()}
                 for p, k in zip(params, order) if k in state_dict["state"]}
        self.state = state
        for own, group in zip(self.param_groups, groups):
            own.update({key: value for key, value in group.items() if key != "params"})

    def __repr__(self) -> str:
        lines = []
        for group in self.param_groups:
            options = ", ".join(f"{key}={value}" for key, value in group.items() if key != "params")
            lines.append(f"  {len(group['params'])} parameters: {options}")
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


def _like(name: str, key: str, value: Any, p: Tensor) -> Any:
    """A copy of a loaded value on the device of its parameter; numbers stay numbers."""
    if not isinstance(value, (Tensor, np.ndarray)):
        return value
    if tuple(value.shape) != tuple(p.shape):
        raise ValueError(f"{name}: {key} in the state has shape {tuple(value.shape)} but its parameter "
                         f"{tuple(p.shape)}; load the state of the same network")
    copy = zeros(p)
    return copy.copy_(value.detach().to(p.device) if isinstance(value, Tensor) else value)
