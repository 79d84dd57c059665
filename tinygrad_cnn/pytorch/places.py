"""PyTorch's second places for names: `autograd.grad` beside `grad`, `cuda.amp` beside `amp`.

The modules of these places lie below those where the names are defined and could not import them.
"""

from .. import autograd, cuda, random
from ..anomaly import detect_anomaly, set_detect_anomaly
from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ..gradient import backward, grad
from ..gradient_check import gradcheck, gradgradcheck
from . import amp, typed
from .settings import get_rng_state, set_rng_state


def fill() -> None:
    """Put the names there."""
    put(autograd, backward=backward, grad=grad, gradcheck=gradcheck, gradgradcheck=gradgradcheck, Variable=typed.Variable,
        detect_anomaly=detect_anomaly, set_detect_anomaly=set_detect_anomaly, no_grad=no_grad, enable_grad=enable_grad,
        inference_mode=inference_mode, set_grad_enabled=set_grad_enabled)
    put(cuda, amp=amp, random=random, get_rng_state=get_rng_state, set_rng_state=set_rng_state)
    put(cuda, **{kind.__name__.rpartition(".")[2]: kind for kind in typed.on_cuda})


def put(module: object, **names: object) -> None:
    vars(module).update(names)
