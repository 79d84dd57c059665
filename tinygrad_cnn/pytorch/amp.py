"""Programs that could compute in half precision say so with these; here they compute in float32, switched off."""

from __future__ import annotations

import contextlib
from typing import Any

from ..left_out import LeftOut


class autocast(contextlib.ContextDecorator):
    """`with autocast(device, enabled=False):` changes nothing; `enabled` raises LeftOut, for there is no float16."""

    def __init__(self, device_type: str = "cuda", dtype: Any = None, enabled: bool = True,
                 cache_enabled: bool | None = None) -> None:
        del dtype, cache_enabled
        _refuse("autocast", enabled)
        self.device_type = device_type

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class GradScaler:
    """What keeps gradients of float16 from vanishing; switched off it scales by 1."""

    def __init__(self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0,
                 backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True) -> None:
        del device, init_scale, growth_factor, backoff_factor, growth_interval
        _refuse("GradScaler", enabled)

    def scale(self, outputs: Any) -> Any:
        """The loss as it is."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: the gradients are as they are."""

    def step(self, optimizer: Any, *arguments: Any, **options: Any) -> Any:
        """`optimizer.step(...)`."""
        return optimizer.step(*arguments, **options)

    def update(self, new_scale: Any = None) -> None:
        """Nothing."""

    def is_enabled(self) -> bool:
        """False."""
        return False

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to restore."""


def _refuse(name: str, enabled: bool) -> None:
    if enabled:
        raise LeftOut(f"{name}: enabled is {enabled} but there is no float16 to compute in; pass enabled=False")
