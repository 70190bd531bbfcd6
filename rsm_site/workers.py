"""Work on two cores at once, where there is enough of it."""

import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import BinaryIO, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Below so many things another process would cost more than it saves.
ENOUGH = 24
# So many parts, at most 256, are handed out one by one to whichever process is free.
_PARTS = 128


def map_in_two(do: Callable[[Sequence[T]], R], work: Sequence[T], enough: int = ENOUGH) -> list[R]:
    """What `do` makes of each of the parts that the work is cut into, in order; in this and a forked process, if there
    are `enough` things. The other process begins with the first part.

    `do` may not count on what it changes being changed afterwards, only on what it gives, which must bear pickling.
    What fails in the other process is done again in this one, which then raises what there is to raise.
    """
    if len(work) < enough or not can_fork():
        return [do(work)]
    size = -(-len(work) // _PARTS)
    parts = [work[start : start + size] for start in range(0, len(work), size)]
    queue, filling = os.pipe()
    os.write(filling, bytes(range(1, len(parts))))
    os.close(filling)

    def take() -> Iterator[int]:
        while taken := os.read(queue, 1):
            yield taken[0]

    def make(numbers: Iterable[int]) -> Iterator[tuple[int, R]]:
        return ((number, do(parts[number])) for number in numbers)

    with os.fdopen(os.memfd_create("made"), "w+b") as file:
        child = _fork()
        if child == 0:
            _work_as_child(make(chain([0], take())), file)
        try:
            made = dict(make(take()))
        finally:
            os.read(queue, _PARTS)  # when this one has failed, the other need not go on
            os.close(queue)
            if child:
                os.waitpid(child, 0)
        file.seek(0)
        with suppress(EOFError, pickle.UnpicklingError):  # its end, or where the other process was stopped
            while True:
                made.update([pickle.load(file)])
    return [made[number] if number in made else do(part) for number, part in enumerate(parts)]


@contextmanager
def beside(do: Callable[[], object]) -> Iterator[None]:
    """Have a forked process `do` something meanwhile, of which only what it writes to files remains, and wait for its
    end; where there is no core for it, it is done first. What fails there is done again here."""
    child = _fork()
    if child == 0:
        status = 1
        try:
            do()
            status = 0
        finally:
            os._exit(status)
    if child is None:
        do()
    status = 0
    try:
        yield
    finally:
        if child:
            _, status = os.waitpid(child, 0)
    if status:
        do()


def _work_as_child(results: Iterator[object], file: BinaryIO) -> None:
    """Write what there is, and end without any of this process's own endings: files are flushed by the parent."""
    try:
        for result in results:
            pickle.dump(result, file, pickle.HIGHEST_PROTOCOL)
        file.flush()
    finally:
        os._exit(0)


def _fork() -> int | None:
    """A forked process as `os.fork`, None where there can be none."""
    with suppress(OSError):  # no room for another process
        return os.fork() if can_fork() else None
    return None


def can_fork() -> bool:
    """Tell whether there is a core for another process. One with threads may not be forked: a lock that another thread
    holds would stay locked."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return cores > 1 and hasattr(os, "memfd_create") and threading.active_count() == 1
