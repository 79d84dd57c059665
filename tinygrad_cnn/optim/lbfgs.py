"""L-BFGS (Nocedal 1980; Liu and Nocedal 1989)."""

from __future__ import annotations

from typing import Any

from ..functions import cat
from ..grad_mode import enable_grad, no_grad
from ..tensor import Tensor
from .line_search import Point, strong_wolfe
from .optimizer import Closure, Optimizer, Params


class LBFGS(Optimizer):
    """Newton's method with an inverse Hessian made of the last `history_size` steps and changes of the gradient.

    One `step(closure)` makes up to `max_iter` iterations with up to `max_eval` (1.25 max_iter) calls of the closure, which
    computes the loss and its gradients. It ends early where no element of the gradient is above `tolerance_grad`, or the
    step or the loss change by less than `tolerance_change`. The step length is `lr`, or that of the `line_search_fn`
    "strong_wolfe". Names and meanings are PyTorch's.
    """

    def __init__(self, params: Params, lr: float = 1, max_iter: int = 20, max_eval: int | None = None,
                 tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
                 line_search_fn: str | None = None) -> None:
        super().__init__(params, {"lr": lr, "max_iter": max_iter,
                                  "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                                  "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
                                  "history_size": history_size, "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1:
            raise ValueError(f"LBFGS: {len(self.param_groups)} groups but one is needed; give all parameters the same options")

    @property
    def params(self) -> list[Tensor]:
        """What is optimized, in the order of the flat vectors."""
        params: list[Tensor] = self.param_groups[0]["params"]
        return params

    def step(self, closure: Closure | None = None) -> Any:
        """Several iterations; returns the loss before the first. Raises without a closure."""
        if closure is None:
            raise TypeError("LBFGS: closure is None but the loss must be computed anew several times; pass a function that "
                            "computes it and its gradients")
        with no_grad():
            return self._iterate(closure)

    def _iterate(self, closure: Closure) -> Any:
        group, state = self.param_groups[0], self.state[self.params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = self._evaluate(closure)
        loss, gradient, asked = float(first), self._gradient(), 1
        state["func_evals"] += 1
        for k in range(group["max_iter"]):
            if _largest(gradient) <= group["tolerance_grad"]:
                break
            state["n_iter"] += 1
            direction = self._direction(gradient, state)
            state["prev_flat_grad"], state["prev_loss"] = gradient, loss
            t = group["lr"] * (min(1.0, 1 / float(gradient.abs().sum().item())) if state["n_iter"] == 1 else 1.0)
            slope = _dot(gradient, direction)
            state.update(d=direction, t=t)
            if slope > -group["tolerance_change"]:
                break
            new, calls = self._walk(closure, Point(0.0, loss, gradient, slope), direction, t,
                                    group["max_eval"] - asked, k + 1 == group["max_iter"])
            state["t"], loss, gradient = new.t, new.loss, new.gradient
            state["func_evals"] += calls
            asked += calls
            moved = _largest(direction * new.t)
            if asked >= group["max_eval"] or moved <= group["tolerance_change"] or (
                    abs(loss - state["prev_loss"]) < group["tolerance_change"]):
                break
        return first

    def _direction(self, gradient: Tensor, state: dict[str, Any]) -> Tensor:
        """-(inverse Hessian) gradient by two loops over the history, to which the last step is added."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -gradient
        changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = _dot(change, step)
        if curvature > 1e-10:
            if len(changes) == self.param_groups[0]["history_size"]:
                for history in (changes, steps, ro):
                    del history[0]
            changes.append(change)
            steps.append(step)
            ro.append(1 / curvature)
            state["H_diag"] = curvature / _dot(change, change)
        found, shares = -gradient, [0.0] * len(ro)
        for k in reversed(range(len(ro))):
            shares[k] = _dot(steps[k], found) * ro[k]
            found = found - changes[k] * shares[k]
        found = found * state["H_diag"]
        for k in range(len(ro)):
            found = found + steps[k] * (shares[k] - _dot(changes[k], found) * ro[k])
        return found

    def _walk(self, closure: Closure, start: Point, direction: Tensor, t: float, most: int,
              last: bool) -> tuple[Point, int]:
        """Change the parameters by t * direction, or by what the line search finds; (where that is, closure calls)."""
        origin = [p.detach().clone() for p in self.params]

        def at(t: float) -> Point:
            self._place(origin, direction, t)
            loss, gradient = float(self._evaluate(closure)), self._gradient()
            return Point(t, loss, gradient, _dot(gradient, direction))

        if self.param_groups[0]["line_search_fn"] is not None:
            if self.param_groups[0]["line_search_fn"] != "strong_wolfe":
                raise RuntimeError(f"LBFGS: line_search_fn is {self.param_groups[0]['line_search_fn']!r}; "
                                   "use 'strong_wolfe' or None")
            point, calls = strong_wolfe(at, start, t, _largest(direction), most)
            self._place(origin, direction, point.t)
            return point, calls
        if not last:  # nobody would look at the gradient
            return at(t), 1
        self._place(origin, direction, t)
        return start._replace(t=t), 0

    def _place(self, origin: list[Tensor], direction: Tensor, t: float) -> None:
        """parameters = origin + t * direction."""
        begin = 0
        for p, old in zip(self.params, origin):
            part = direction[begin:begin + p.numel()].reshape(p.shape)
            p.copy_(old + part * t)
            begin += p.numel()

    def _evaluate(self, closure: Closure) -> Any:
        with enable_grad():
            return closure()

    def _gradient(self) -> Tensor:
        """All gradients as one vector; zeros where there is none."""
        return cat([(p.detach() * 0 if p.grad is None else p.grad.detach()).reshape(-1) for p in self.params])

    def restored(self, key: str, value: Any, p: Tensor) -> Any:
        """What was saved: vectors of all parameters, lists of them, numbers."""
        if isinstance(value, list):
            return [self.restored(key, item, p) for item in value]
        return value.detach().clone().to(p.device) if isinstance(value, Tensor) else value


def _dot(a: Tensor, b: Tensor) -> float:
    return float((a * b).sum().item())


def _largest(x: Tensor) -> float:
    """The largest absolute value."""
    return float(x.abs().max().item())
