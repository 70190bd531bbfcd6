"""Work that two processes share."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from itertools import chain

import pytest

from rsm_site import workers

THINGS = range(500)


Made = list[tuple[int, bool]]


def by_the_other(fate: Callable[[], object]) -> Callable[[Sequence[int]], Made]:
    """Give things back, and whether this process did them, but let the other process meet its fate at its third
    part."""
    parent, done = os.getpid(), []

    def do(part: Sequence[int]) -> Made:
        time.sleep(0.002)  # so that each gets some
        done.append(part)
        if os.getpid() != parent and len(done) == 3:
            fate()
        return [(thing, os.getpid() == parent) for thing in part]

    return do


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another process, however many cores there are."""
    monkeypatch.setattr(workers, "can_fork", lambda: True)


def test_two_processes_give_all_in_order() -> None:
    """What both made comes in the order of the work, and the other begins with the first part."""
    made = list(chain(*workers.map_in_two(by_the_other(lambda: None), THINGS)))
    assert [thing for thing, _ in made] == list(THINGS)
    assert {is_ours for _, is_ours in made} == {True, False}
    assert made[0] == (0, False)


@pytest.mark.parametrize("fate", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0])
def test_what_the_other_process_fails_at_is_done_here(fate: Callable[[], object]) -> None:
    """A process that is killed, or cannot do its part, loses nothing."""
    made = chain(*workers.map_in_two(by_the_other(fate), THINGS))
    assert [thing for thing, _ in made] == list(THINGS)


def test_what_fails_in_both_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the work is that of the caller, and no process is left behind."""

    def fail(_part: Sequence[int]) -> int:
        raise ValueError("broken")

    fork, children = os.fork, []
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])
    with pytest.raises(ValueError, match="broken"):
        workers.map_in_two(fail, THINGS)
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)


def test_no_room_for_a_process_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no room for another process, this one does all."""

    def no_fork() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", no_fork)
    done = []
    assert list(chain(*workers.map_in_two(lambda part: part, THINGS))) == list(THINGS)
    with workers.beside(lambda: done.append(1)):
        assert done == [1]


def test_what_fails_beside_is_raised() -> None:
    """An error of what is done meanwhile is told as it is where there is one core."""
    with pytest.raises(ZeroDivisionError), workers.beside(lambda: 1 / 0):
        pass
