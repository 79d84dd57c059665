"""What all optimizers share: groups of parameters, their state, saving. A subclass adds one update rule."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ClassVar

import numpy as np

from ..creation import tensor
from ..grad_mode import enable_grad, no_grad
from ..nn.hooks import Handle
from ..nn.module import Module
from ..nn.parameter import clear_grad
from ..tensor import Tensor
from .flat import zeros

Group = dict[str, Any]
Params = Iterable[Tensor] | Iterable[Group]
Closure = Callable[[], Any]
HOOKS = ("before", "after", "save_before", "save_after", "load_before", "load_after")
StepHook = Callable[["Optimizer", tuple[Any, ...], dict[str, Any]], Any]
NOT_NEGATIVE = ("lr", "momentum", "weight_decay", "eps", "alpha", "lr_decay", "initial_accumulator_value", "momentum_decay")
NUMBERS = ("step", "mu_product")  # of the rules here: counted in Python, in a state_dict tensors as PyTorch's


class Optimizer:
    """Base class: `params` are parameters, or groups {"params": ..., "lr": ..., ...} with options of their own.

    `param_groups` holds the groups with all their options, `state` what the rule remembers of each parameter. A group
    may have entries that are no options; they are kept.
    """

    _stepping: bool
    numbers: ClassVar[tuple[str, ...]] = ()  # which entries of its state a rule keeps as Python numbers

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "step" in vars(cls) and cls.step is not Optimizer.step:
            cls.step = _with_hooks(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: Params, defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self._hooks: dict[str, dict[int, Any]] = {when: {} for when in HOOKS}
        if isinstance(params, Tensor):
            raise TypeError(f"{type(self).__name__}: params is a tensor of shape {params.shape} but several are expected; "
                            "give a list of it")
        if isinstance(params, Module):
            raise TypeError(f"{type(self).__name__}: params is a {type(params).__name__} but its parameters are expected; give "
                            "model.parameters()")
        given: list[Any] = list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: params is empty; give model.parameters() anew")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def hints(self, options: Group, **hints: bool | None) -> Group:
        """`options` and hints: how PyTorch should compute the step makes no difference here, where it is one kernel.

        What would change its meaning is refused by `step`: to be recorded for a derivative, or in a CUDA graph.
        """
        for other in ("foreach", "differentiable"):
            if hints.get("fused") and hints.get(other):
                raise RuntimeError(f"{type(self).__name__}: fused and {other} are True but exclude each other; leave one out")
        return {**options, **hints}

    def add_param_group(self, param_group: Group) -> None:
        """One more group; options it leaves out are the defaults."""
        name = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{name}: a group is a {type(param_group).__name__}; give a dictionary with \"params\"")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(f"{name}: params is a set, which has no order; give a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        if params and isinstance(params[0], tuple):  # named, as by named_parameters()
            param_group = {**param_group, "param_names": [name for name, _ in params]}
            params = [p for _, p in params]
        known = {id(p) for old in self.param_groups for p in old["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: {p!r} is no tensor; give the parameters of a model")
            if p.node is not None:
                raise ValueError(f"{name}: {p!r} is not a leaf tensor; give the parameters of a model")
            if id(p) in known:
                raise ValueError(f"{name}: a parameter of shape {tuple(p.shape)} stands in two groups; "
                                 "name it once, in one group")
        if len({id(p) for p in params}) < len(params):
            warnings.warn(f"{name}: a parameter is given twice in one group and takes two steps; name it once", stacklevel=3)
        if self.param_groups and ("param_names" in param_group) != ("param_names" in self.param_groups[0]):
            raise ValueError(f"{name}: some groups have names of parameters and some have none; name those of all or of none")
        full = {**param_group, "params": params, **{k: v for k, v in self.defaults.items() if k not in param_group}}
        self.check(full)
        self.param_groups.append(full)

    def check(self, group: Group) -> None:
        """Refuse impossible options: by default those that must not be negative, and means that would not forget."""
        name = type(self).__name__
        if isinstance(group.get("lr"), Tensor) and group["lr"].numel() != 1:
            raise ValueError(f"{name}: lr has shape {group['lr'].shape} but one number is needed; give a tensor of one element")
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
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                _refuse_hints(type(self).__name__, group)
            for group in self.param_groups:
                options = _in_numbers(group)
                for p in group["params"]:
                    if p.grad is not None:
                        self.update(p, options, self.state[p])
                        p.version.count += 1
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

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer)` before every state_dict."""
        return Handle(self._hooks["save_before"], hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer, state_dict)` after every state_dict; what it returns, if not None, takes its place."""
        return Handle(self._hooks["save_after"], hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer, state_dict)` before a state is loaded; what it returns, if not None, takes its place."""
        return Handle(self._hooks["load_before"], hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer)` after a state is loaded."""
        return Handle(self._hooks["load_after"], hook, prepend)

    def _after_hooks(self, when: str, state: dict[str, Any]) -> dict[str, Any]:
        """The state that the hooks make of `state`."""
        for hook in list(self._hooks[when].values()):
            changed = hook(self, state)
            state = state if changed is None else changed
        return state

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number: {name: tensor}}, "param_groups": [...]}; numbers stand for parameters."""
        for hook in list(self._hooks["save_before"].values()):
            hook(self)
        params = [p for group in self.param_groups for p in group["params"]]
        number = {id(p): k for k, p in enumerate(params)}
        groups = [{**{key: value for key, value in group.items() if key != "params"},
                   "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        state = {number.get(id(p), p): {key: tensor(float(value)) if key in self.numbers else value
                                        for key, value in entries.items()} for p, entries in self.state.items() if entries}
        return self._after_hooks("save_after", {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where `state_dict` was asked. Raises, before anything is changed, if groups or shapes differ."""
        state_dict = self._after_hooks("load_before", state_dict)
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
        for hook in list(self._hooks["load_after"].values()):
            hook(self)

    def restored(self, key: str, value: Any, p: Tensor) -> Any:
        """A copy of a loaded value on the device of its parameter, and if floating of its dtype."""
        if isinstance(value, (list, tuple)):
            return type(value)(self.restored(key, entry, p) for entry in value)
        if not isinstance(value, (Tensor, np.ndarray)):
            return value
        if key in self.numbers:
            return int(value.item()) if key == "step" else float(value.item())
        if self.numbers and tuple(value.shape) != tuple(p.shape):
            raise ValueError(f"{type(self).__name__}: {key} in the state has shape {tuple(value.shape)} but its parameter "
                             f"{tuple(p.shape)}; load the state of the same network")
        given = value.detach() if isinstance(value, Tensor) else tensor(value)
        given = given.to(p.device, dtype=p.dtype if given.is_floating_point() and key != "step" else None)
        return zeros(p).copy_(given) if given.shape == p.shape and given.dtype == p.dtype else given.clone()

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        vars(self).setdefault("_hooks", {when: {} for when in HOOKS})

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for k, group in enumerate(self.param_groups):
            options = [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
            lines += [f"Parameter Group {k}", *options] if k == 0 else ["", f"Parameter Group {k}", *options]
        return "\n".join([*lines, ")"])


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A `step` with the hooks before and after it; one that calls another's, as of its base, has them once."""

    @wraps(step)
    def hooked(self: Optimizer, *arguments: Any, **options: Any) -> Any:
        if vars(self).get("_stepping"):
            return step(self, *arguments, **options)
        self._stepping = True
        try:
            for hook in list(self._hooks["before"].values()):
                changed = hook(self, arguments, options)
                arguments, options = (arguments, options) if changed is None else changed
            found = step(self, *arguments, **options)
            for hook in list(self._hooks["after"].values()):
                hook(self, arguments, options)
        finally:
            self._stepping = False
        return found

    return hooked


Optimizer.step = _with_hooks(Optimizer.step)  # type: ignore[method-assign]


def _refuse_hints(name: str, group: Group) -> None:
    """Errors are of PyTorch's kinds: there too a step on parameters cannot be recorded, nor captured on a CPU."""
    if group.get("capturable"):
        raise AssertionError(f"{name}: capturable is True but steps are not captured in a CUDA graph; make it False")
    if group.get("differentiable"):
        raise RuntimeError(f"{name}: differentiable is True but steps are not recorded for a derivative; make it False")


def _in_numbers(group: Group) -> Group:
    """The options of a group, of which a learning rate may be a tensor, as numbers."""
    if not any(isinstance(v, Tensor) or (isinstance(v, tuple) and any(isinstance(w, Tensor) for w in v))
               for key, v in group.items() if key != "params"):
        return group
    return {key: value if key == "params" else _number(value) for key, value in group.items()}


def _number(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_number, value))
    return value.item() if isinstance(value, Tensor) else value
