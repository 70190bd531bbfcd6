"""What a long build is doing, on a terminal."""

import os
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Display

_PATIENCE = 1.0  # seconds in which nobody asks what is going on
_RATE = 0.1


class Progress:
    """Shows the steps of a build that takes more than a second; rich is imported only then."""

    def __init__(self) -> None:
        """Begin to count the time."""
        self._process = os.getpid()
        self._next = perf_counter() + _PATIENCE
        self._step = ""
        self._display: Display | None = None

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Show the step that begins, and how much of it is done when `total` says how much there is."""
        is_new = self._display is not None and step != self._step
        if (perf_counter() < self._next and not is_new) or os.getpid() != self._process:
            return
        self._step = step
        self._next = perf_counter() + _RATE
        if self._display is None:
            from rich.console import Console
            from rich.progress import Progress as Display

            # Without a thread of its own: a process that has threads cannot share its work with a forked one.
            self._display = Display(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._display.add_task("")
            self._display.start()
        task = self._display.task_ids[0]
        self._display.update(task, description=step, completed=done, total=total or None, refresh=True)

    def close(self) -> None:
        """Take away what was shown."""
        if self._display:
            self._display.stop()
