"""Compute the next items of an iterable in a thread while the caller works on the current one."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

Item = TypeVar("Item")


@dataclass
class _End:
    """The producer's last word: the error that stopped it, or None after the last item."""

    error: BaseException | None


def prefetch(items: Iterable[Item], depth: int) -> Generator[Item]:
    """Yield `items` in order, keeping up to `depth` of them ready; `depth` 0 computes each when it is asked for.

    An error in `items` is raised here, after the items before it. When the caller leaves early (break, an error,
    Ctrl-C), the thread ends with the item it is working on, and is waited for.
    """
    if depth == 0:
        yield from items
        return
    ready: SimpleQueue[Item | _End] = SimpleQueue()
    room, left = Semaphore(depth - 1), Event()
    thread = Thread(target=_produce, args=(items, ready, room, left), name="tinygrad_cnn prefetch", daemon=True)
    try:
        thread.start()
        while not isinstance(item := ready.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()
        room.release()
        thread.join()


def _produce(items: Iterable[Item], ready: SimpleQueue[Item | _End], room: Semaphore, left: Event) -> None:
    try:
        for item in items:
            ready.put(item)
            room.acquire()  # waits while `depth` items lie ready
            if left.is_set():
                return
        ready.put(_End(None))
    except BaseException as error:  # whatever it is, the caller must hear of it
        ready.put(_End(error))
