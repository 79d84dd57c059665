"""Layers without their first values."""

from __future__ import annotations

from typing import Any

from ..module import Module


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Module:
    """A layer whose parameters hold whatever the memory held, for those who write all of them anyway."""
    device = kwargs.pop("device", "cpu")
    made: Module = module_cls(*args, device="meta", **kwargs).to_empty(device=device)
    return made
