"""What registering a hook returns."""

from __future__ import annotations

from itertools import count
from typing import Any

_numbers = count()


class Handle:
    """What registering a hook returns. `remove()` takes the hook off; as a context manager it does so at the end."""

    def __init__(self, hooks: dict[int, Any], hook: Any, first: bool = False) -> None:
        self.hooks, self.id = hooks, next(_numbers)
        others = dict(hooks) if first else {}
        for key in others:
            del hooks[key]
        hooks[self.id] = hook
        hooks.update(others)

    def remove(self) -> None:
        """Take the hook off; nothing happens the second time."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()
