"""Ctrl-C during a training run: the first asks to stop after the step at hand, the second stops at once."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE = b"\nstopping after this step, then saving (Ctrl-C again: at once, unsaved) ...\n"


class Interrupt:
    """`with Interrupt() as interrupt:` turns signals into `interrupt.asked` (the signal's number, 0 before it).

    A second signal raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = number
        # Not print: the handler may run in the middle of another write to the same stream.
        os.write(2, NOTICE)
