"""Work on two cores at once, where there is enough of it."""

import os
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Below so many things another process would cost more than it saves.
_ENOUGH = 24


def in_halves(work: Sequence[T], do: Callable[[Sequence[T]], list[R]], enough: int = _ENOUGH) -> list[R]:
    """What `do` makes of all the work, in order; every second thing is done by a forked process where that pays, from
    so many things on as are `enough`.

    `do` may not count on what it changes being changed afterwards, only on what it gives, which must bear pickling.
    What fails in the other process is done again in this one, which then raises what there is to raise.
    """
    if len(work) < enough or not can_fork():
        return do(work)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work_as_child(reading, writing, lambda: do(work[1::2]))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        try:
            first = do(work[::2])
            sent = pipe.read()
        finally:
            # An interrupt has reached the child too; whatever else it does is of no use any more.
            pipe.close()
            _, status = os.waitpid(child, 0)
    second: list[R] = pickle.loads(sent) if status == 0 else do(work[1::2])
    return [(second if index % 2 else first)[index // 2] for index in range(len(work))]


@contextmanager
def beside(do: Callable[[], object]) -> Iterator[None]:
    """Have a forked process `do` something meanwhile, of which only what it writes to files remains, and wait for its
    end; where there is no core for it, it is done first."""
    child = os.fork() if can_fork() else None
    if child == 0:
        try:
            do()
        finally:
            os._exit(0)
    if child is None:
        do()
    try:
        yield
    finally:
        if child:
            os.waitpid(child, 0)


def _work_as_child(reading: int, writing: int, do: Callable[[], Any]) -> None:
    """Send what `do` gives, and end without any of this process's own endings: files are flushed by the parent."""
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(do(), pipe, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)


def can_fork() -> bool:
    """Tell whether there is a core for another process. One with threads may not be forked: a lock that another thread
    holds would stay locked."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return cores > 1 and threading.active_count() == 1
