"""What is seen while a network trains: a bar on a terminal, plain lines in a file or pipe, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ..text import duration, rough

if TYPE_CHECKING:
    from ..train import Step

RECENT = 200  # steps that speed and training accuracy are taken over
SETTLED = 20  # steps after which the speed says something
SILENCE = 30.0  # seconds after which a long epoch gets a line of its own


class Progress:
    """Shows `steps` optimizer steps in epochs of `length`, of which `done` were made by earlier sessions."""

    def __init__(self, steps: int, length: int, done: int, quiet: bool) -> None:
        self.steps, self.length, self.first, self.quiet = steps, length, done, quiet
        self.recent: deque[tuple[float, Step]] = deque(maxlen=RECENT)
        self.said = time.perf_counter()
        self.compiling = 0
        self.bar: Any = None
        if not quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=steps, initial=done, leave=False, dynamic_ncols=True, file=sys.stderr,
                            bar_format="{desc} |{bar}| {percentage:3.0f} %")

    def say(self, text: str) -> None:
        """One line, above the bar if there is one."""
        if self.quiet:
            return
        if self.bar is None:
            print(text, flush=True)
        else:
            self.bar.write(text, file=sys.stdout)

    def compile(self, kernel: str) -> None:
        """Called before a kernel is compiled. Numba calls it in the middle of a step."""
        self.compiling += 1
        if self.compiling == 1:
            self.say("compiling kernels for this machine; they are kept for the next time ...")
        if self.bar is not None:
            self.bar.set_description_str(f"compiling {kernel} ({self.compiling})")

    def step(self, step: Step) -> None:
        """Called after every optimizer step."""
        now = time.perf_counter()
        if not self.recent:
            self.said = now  # compiling has been announced
        self.recent.append((now, step))
        if self.quiet:
            return
        if self.bar is not None:
            self.bar.set_description_str(self._line(step), refresh=False)
            self.bar.update()
            if step.accuracy is not None:
                self.bar.write(self._epoch_line(step), file=sys.stdout)
        elif step.accuracy is not None:
            print(self._epoch_line(step), flush=True)
            self.said = now
        elif step.number - self.first == SETTLED + 1:
            left = self._seconds_left(step)
            print(f"{self._speed():,.0f} images/s: {rough(left)} to go", flush=True)
            self.said = now
        elif now - self.said > SILENCE:
            print(self._line(step), flush=True)
            self.said = now

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()

    def _per_step(self) -> float:
        (begin, _), (end, _) = self.recent[0], self.recent[-1]
        return (end - begin) / max(1, len(self.recent) - 1)

    def _speed(self) -> float:
        return self.recent[-1][1].size / max(self._per_step(), 1e-9)

    def _seconds_left(self, step: Step) -> float:
        return self._per_step() * (self.steps - step.number)

    def _line(self, step: Step) -> str:
        epochs = self.steps // self.length
        right = 100 * sum(s.correct for _, s in self.recent) / sum(s.size for _, s in self.recent)
        line = f"epoch {(step.number - 1) // self.length + 1}/{epochs}  loss {step.loss:.3f}  train {right:.1f} %"
        if len(self.recent) > 1:
            line += f"  {self._speed():,.0f} images/s  {duration(self._seconds_left(step))} left"
        return line

    def _epoch_line(self, step: Step) -> str:
        epochs = self.steps // self.length
        losses = [s.loss for _, s in self.recent]
        right = 100 * sum(s.correct for _, s in self.recent) / sum(s.size for _, s in self.recent)
        number = f"{step.number // self.length:>{len(str(epochs))}}"
        speed = f"  {self._speed():,.0f} images/s" * (len(losses) > 1)
        return (f"epoch {number}/{epochs}  loss {sum(losses) / len(losses):.3f}  train {right:5.2f} %  "
                f"held-out {step.accuracy:5.2f} %{speed}")
