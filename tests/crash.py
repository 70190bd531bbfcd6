"""Stop, pause or fail a job before its n-th file-system event, to try every point at which a build can be cut off."""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import rsm_site.output

EVENTS = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.scandir",
    "os.listdir",
    "fcntl.flock",
}
UNSEEN = {"os.write", "os.fsync", "syncfs"}  # calls that Python tells no hook of; the child here announces them itself


@dataclass
class Outcome:
    """What became of the job: the events it came to, the exception that ended it, whether it was killed."""

    killed: bool
    events: list[list[str]] = field(default_factory=list)
    error: str = ""
    message: str = ""


def run(job: Callable[[], object], below: Path, at: Callable[[int, str], object] = lambda n, event: None) -> Outcome:
    """Run `job` in a forked child, which calls `at(n, event)` before its n-th event, from 1, in the folder `below`."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            _become(job, below, at, write)
        finally:
            os._exit(70)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        lines = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    events = [line for line in lines if isinstance(line, list)]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return Outcome(killed=True, events=events)
    assert os.waitstatus_to_exitcode(status) == 0, lines
    return Outcome(killed=False, events=events, **lines[-1])


def kill(number: int) -> Callable[[int, str], None]:
    """Return what kills the child before event `number`."""

    def at(n: int, event: str) -> None:
        if n == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def fail(number: int, error: BaseException, *, lasting: bool = False) -> Callable[[int, str], None]:
    """Return what makes event `number` fail with `error`, or all events from then on."""

    def at(n: int, event: str) -> None:
        if n == number or (lasting and n > number):
            raise error

    return at


def limit_file_size(size: int) -> None:
    """Let this process write no file beyond `size` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _become(job: Callable[[], object], below: Path, at: Callable[[int, str], object], pipe: int) -> None:
    """In the child: do the job, telling each event and the end of it through `pipe`."""
    report, count, inside = os.write, 0, False

    def tell(value: object) -> None:
        report(pipe, json.dumps(value).encode() + b"\n")

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count, inside
        if inside or not (event in UNSEEN or event in EVENTS):
            return
        paths = [os.fsdecode(arg) for arg in args if isinstance(arg, str | bytes)]
        if event in EVENTS and paths and not paths[0].startswith(str(below)):
            return
        if event == "open" and not paths:
            return  # of a descriptor that is open already
        inside, count = True, count + 1
        try:
            tell([event, *paths])
            at(count, event)
        finally:
            inside = False

    def announced(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*args: object) -> object:
            sys.audit(name)
            return call(*args)

        return wrapper

    os.write = announced("os.write", os.write)
    os.fsync = announced("os.fsync", os.fsync)
    if rsm_site.output._syncfs is not None:
        rsm_site.output._syncfs = announced("syncfs", rsm_site.output._syncfs)
    ctypes.set_errno(0)
    sys.addaudithook(hook)
    ending = {"error": "", "message": ""}
    try:
        job()
    except BaseException as error:
        ending = {"error": type(error).__name__, "message": str(error)}
    inside = True
    tell(ending)
    os._exit(0)
