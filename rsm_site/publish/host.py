"""What every kind of host can do; the rest of publishing knows no more of them than this."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from rsm_site.publish.history import Live, Release
from rsm_site.publish.plan import Plan

Progress = Callable[[str], None]


class Host(Protocol):
    """A target to publish to. Its methods need `opened` around them, and raise PublishError in a sentence."""

    place: str  # in the words of a message
    keep: int  # how many releases stay
    extras: Mapping[str, bytes]  # files of the target's own, beside those of the site
    patience: float  # seconds until a change may show at the target's address

    def opened(self, *, lock: bool) -> AbstractContextManager[None]:
        """Connect; with `lock`, keep all others from publishing and tidy up what a publish that was cut off left."""

    def live(self) -> Live:
        """What readers get now; PublishError for what no publish made."""

    def read(self, path: str) -> bytes | None:
        """A file that readers get now."""

    def fetch(self, release: Release) -> dict[str, bytes]:
        """The files of an earlier release, as they are stored, by its manifest."""

    def find(self, release: str) -> Release | None:
        """An earlier release by the beginning of its id, beyond those that the history lists."""

    def send(self, plan: Plan, progress: Progress) -> None:
        """Make the release of the plan the one that readers get."""

    def inventory(self) -> Mapping[str, str]:
        """The SHA-256 of every file that stands at the live release; empty for what is no file."""
