"""What tells a saved tensor that its memory was written since: a counter that all who look at the memory share."""

from __future__ import annotations

from typing import Any
from weakref import ref


class Version:
    """How often a memory was written in place; shared by all tensors that look at it."""

    __slots__ = ("count", "room", "sharers")

    def __init__(self) -> None:
        self.count = 0
        self.sharers: list[ref[Any]] | None = None  # None: one tensor alone
        self.room = 16  # as many sharers are noted before the dead ones among them are left out

    def share(self, owner: Any, other: Any) -> None:
        """Note that `other` looks at the memory of `owner`."""
        if not self.sharers:
            self.sharers = [ref(owner)]
        elif len(self.sharers) >= self.room:
            self.sharers = [r for r in self.sharers if r() is not None]
            self.room = 16 + 2 * len(self.sharers)  # doubled, so that a thousand living views cost a thousand steps
        self.sharers.append(ref(other))
        other.version = self

    def __reduce__(self) -> Any:
        return Version, ()  # in a pickle nobody else looks at the memory

    def alone(self, tensor: Any) -> bool:
        """Whether no other living tensor is known to look at the memory."""
        return all(r() is None or r() is tensor for r in self.sharers or ())
