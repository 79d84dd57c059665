"""Compute the next results of a function in threads while the caller works on the current one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class TooLate(RuntimeError):
    """A result that took longer than it may."""


class _Job(Generic[Task, Result]):
    """A task, and a place for what comes of it: a result, or the error that was raised instead."""

    def __init__(self, task: Task | None = None, error: BaseException | None = None) -> None:
        self.task = task
        self.outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        if error is not None:
            self.outcome.put((None, error))

    def result(self, timeout: float) -> Any:
        try:
            value, error = self.outcome.get(timeout=timeout or None)
        except Empty:
            raise TooLate(f"DataLoader: a batch was not ready after {timeout:g} seconds; raise timeout, or look "
                          "for what holds the dataset up") from None
        if error is not None:
            raise error
        return value


def prefetch(work: Callable[[Task], Result], tasks: Iterable[Task], depth: int, workers: int = 1, timeout: float = 0,
             begin: Callable[[int], object] | None = None) -> Generator[Result]:
    """Yield work(task) for each of `tasks`, in order, keeping up to `depth` results ready.

    `workers` threads compute them; with `depth` 0 each is computed when it is asked for, by the caller. `tasks` are
    taken by the caller, one by one. An error of either is raised here, after the results before it, and so is
    `TooLate` when a result takes longer than `timeout` seconds (0: no limit). Each thread calls begin(its number)
    first. When the caller leaves early (break, an error, Ctrl-C), the threads end with the tasks they are working on,
    and are waited for, except where one of them was too slow.
    """
    if depth == 0:
        yield from map(work, tasks)
        return
    queue: SimpleQueue[_Job[Task, Result] | None] = SimpleQueue()
    left, coming, waiting = Event(), _jobs(tasks), deque[_Job[Task, Result]]()
    threads = [Thread(target=_work, args=(work, queue, left, begin, number), name="tinygrad_cnn prefetch", daemon=True)
               for number in range(workers)]

    def ask() -> None:
        while len(waiting) < depth and (job := next(coming, None)) is not None:
            waiting.append(job)
            if job.outcome.empty():
                queue.put(job)

    waited_for = threads
    try:
        for thread in threads:
            thread.start()
        ask()
        while waiting:
            result = waiting.popleft().result(timeout)
            ask()
            yield result
    except TooLate:
        waited_for = []
        raise
    finally:
        left.set()
        for _ in threads:
            queue.put(None)
        for thread in waited_for:
            thread.join()


def _jobs(tasks: Iterable[Task]) -> Generator[_Job[Task, Any]]:
    """A job for each task; an error in `tasks` is the outcome of the last one."""
    try:
        for task in tasks:
            yield _Job(task)
    except Exception as error:
        yield _Job(error=error)


def _work(work: Callable[[Any], Any], queue: SimpleQueue[_Job[Any, Any] | None], left: Event,
          begin: Callable[[int], object] | None, number: int) -> None:
    """What a thread does until it is told to stop."""
    begun = begin is None
    while (job := queue.get()) is not None and not left.is_set():
        try:
            if not begun and begin is not None:
                begin(number)
                begun = True
            job.outcome.put((work(job.task), None))
        except BaseException as error:  # whatever it is, the caller must hear of it
            job.outcome.put((None, error))
