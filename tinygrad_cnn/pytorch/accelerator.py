"""The GPU by PyTorch's newer name for whatever device computes fastest."""

from ..cuda import current_device as current_device_index
from ..cuda import device_count, is_available, synchronize
from ..devices import Device

__all__ = ["current_accelerator", "current_device_index", "device_count", "is_available", "synchronize"]


def current_accelerator(check_available: bool = False) -> Device | None:
    """The GPU; None where there is none."""
    del check_available
    return Device("cuda") if is_available() else None
