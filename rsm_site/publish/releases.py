"""Releases in folders beside each other and a link to the one that readers get, here or on another machine.

PATH/releases/<id>/ holds a whole release, PATH/current leads to one. A release is put together in a folder that no
other publish has, moved to its name when it is whole, and only then does the link change, in one step. What is to be
removed is first moved away. So, whatever is cut off, the link leads to a whole release, and each name to a whole
release or to nothing.
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from msgspec import Struct, structs

from rsm_site.errors import PublishError
from rsm_site.manifest import MANIFEST, FileRecord
from rsm_site.publish.history import HISTORY, Live, Release, read_live
from rsm_site.publish.host import Progress
from rsm_site.publish.plan import Plan
from rsm_site.report import printable

CURRENT, RELEASES, NEXT_LINK = "current", "releases", ".current.next"
REPLACED, REMOVED = f"{RELEASES}/.replaced", f"{RELEASES}/.removed"
_RELEASE = re.compile(r"releases/[0-9a-f]{16}")
_TEMPORARY = re.compile(r"releases/\.(staging-[0-9a-f]{8}|replaced|removed)(/|$)")


class Standing(Struct, frozen=True):
    """All that stands below a target's folder, by path from there: `links` with what they lead to."""

    files: frozenset[str]
    folders: frozenset[str]
    links: Mapping[str, str]
    others: frozenset[str]


class ReleasesHost(ABC):
    """The steps of a publish to such folders; a kind of host supplies how each is done."""

    place: str
    keep: int
    extras: Mapping[str, bytes] = {}
    patience: float = 5
    _staging = f"{RELEASES}/.staging-00000000"

    @abstractmethod
    def opened(self, *, lock: bool) -> AbstractContextManager[None]:
        """See Host."""

    def live(self) -> Live:
        """See Host; also refuses a folder that holds anything no publish made."""
        standing = self._standing()
        current = standing.links.get(CURRENT, "")
        live = self._check_ours(standing).get(current, Live())
        return structs.replace(
            live, uncertain=frozenset(path for path in live.files if f"{current}/{path}" not in standing.files)
        )

    def read(self, path: str) -> bytes | None:
        """See Host."""
        return self._read(f"{CURRENT}/{path}")

    def fetch(self, release: Release) -> dict[str, bytes]:
        """See Host."""
        return self._fetch(f"{RELEASES}/{release.manifest.release}", (*release.manifest.files, MANIFEST))

    def find(self, release: str) -> None:  # noqa: B027 - meant to be so in every kind
        """See Host; what the history does not list is not here any more."""

    def send(self, plan: Plan, progress: Progress) -> None:
        """See Host."""
        name = f"{RELEASES}/{plan.manifest.release}"
        standing = self._standing()
        known = [folder for folder in sorted(standing.folders) if _RELEASE.fullmatch(folder)]
        if standing.links.get(CURRENT) == name:  # stands there already, but damaged: file by file, each in one step
            for path in plan.to_delete:
                self._remove(f"{name}/{path}")
            self._repair(plan.files, plan.to_send, name)
            return
        progress(f"putting release {plan.manifest.release} together")
        current = standing.links.get(CURRENT)
        # The one that readers get has most in common with the new one.
        sources = [current, *(folder for folder in known if folder != current)] if current else known
        self._stage(plan.files, plan.history.kept, sources)
        if name in standing.folders:
            self._rename(name, REPLACED)
        self._rename(self._staging, name)
        progress("switching to it")
        self._switch(name)
        wanted = {name, *(f"{RELEASES}/{release.manifest.release}" for release in plan.history.releases)}
        for folder in [REPLACED, *(folder for folder in known if folder not in wanted)]:
            self._discard(folder)

    def inventory(self) -> Mapping[str, str]:
        """See Host."""
        return self._hashes(CURRENT)

    def _tidy(self) -> None:
        """Remove what a publish that was cut off has left, and put back what it moved away last."""
        standing = self._standing()
        if REPLACED in standing.folders:
            replaced = self._records(REPLACED, standing)
            name = f"{RELEASES}/{replaced.manifest.release}" if replaced and replaced.manifest else REPLACED
            if name not in standing.folders:
                self._rename(REPLACED, name)
        for leftover in sorted(standing.folders):
            if _TEMPORARY.fullmatch(leftover):
                self._remove(leftover)
        # What runs on after a publish was killed, such as rsync, never meets what comes after it.
        self._staging = f"{RELEASES}/.staging-{secrets.token_hex(4)}"

    def _discard(self, folder: str) -> None:
        """Remove a release: first from its name, so that no name ever has half of one."""
        if folder in self._standing().folders:
            self._rename(folder, REMOVED)
            self._remove(REMOVED)

    def _records(self, folder: str, standing: Standing) -> Live | None:
        """Manifest and history of the release in `folder`, None for what is no release."""
        if f"{folder}/{MANIFEST}" not in standing.files:
            return None
        live = read_live(lambda path: self._read(f"{folder}/{path}") if f"{folder}/{path}" in standing.files else None)
        return live if live.manifest else None

    def _check_ours(self, standing: Standing) -> dict[str, Live]:
        """Manifest and history of every release by its folder; PublishError for anything that no publish made."""
        records = {}
        files, folders = {CURRENT, NEXT_LINK}, {RELEASES}
        for folder in sorted(standing.folders):
            live = self._records(folder, standing) if _RELEASE.fullmatch(folder) else None
            if live and live.manifest and folder == f"{RELEASES}/{live.manifest.release}":
                records[folder] = live
                made = {f"{folder}/{path}" for path in (*live.files, MANIFEST, HISTORY)}
                files |= made
                folders |= {above for path in made for above in _above(path)}
        leaves = standing.files | standing.links.keys() | standing.others
        misplaced = ({CURRENT, NEXT_LINK} & leaves) - standing.links.keys()
        foreign = {*(leaves - files), *(standing.folders - folders), *misplaced}
        foreign = {path for path in foreign if not _TEMPORARY.match(path)}
        if foreign:
            # A folder that is foreign as a whole is named once.
            tops = sorted(path for path in foreign if foreign.isdisjoint(_above(path)))
            names = ", ".join(printable(path) for path in tops[:3]) + (f" and {len(tops) - 3} more" if tops[3:] else "")
            raise PublishError(
                f"{self.place} holds what no publish made: {names}; nothing was sent; move it elsewhere or choose "
                "another folder"
            )
        target = standing.links.get(CURRENT)
        if target is not None and target not in records:
            raise PublishError(f"{self.place}/{CURRENT} leads to {printable(target)!r}, which is no release; remove it")
        return records

    @abstractmethod
    def _standing(self) -> Standing: ...

    @abstractmethod
    def _read(self, path: str) -> bytes | None: ...

    @abstractmethod
    def _fetch(self, folder: str, paths: Iterable[str]) -> dict[str, bytes]: ...

    @abstractmethod
    def _hashes(self, folder: str) -> dict[str, str]:
        """The SHA-256 of every file below `folder`, empty for links and devices."""

    @abstractmethod
    def _stage(self, files: Mapping[str, bytes], kept: Mapping[str, FileRecord], sources: Sequence[str]) -> None:
        """Make the staging folder hold `files`, and `kept` from the first of `sources` that has it.

        What is the same in one of them is linked, not written.
        """

    @abstractmethod
    def _repair(self, files: Mapping[str, bytes], paths: Iterable[str], folder: str) -> None:
        """Put `paths` of `files` into `folder`, each in one step."""

    @abstractmethod
    def _rename(self, old: str, new: str) -> None: ...

    @abstractmethod
    def _switch(self, folder: str) -> None:
        """Make CURRENT lead to `folder`, in one step that lasts."""

    @abstractmethod
    def _remove(self, path: str) -> None:
        """Remove a file if it is there, or a folder with all that it holds, following no link."""


def _above(path: str) -> set[str]:
    """Every folder above `path`."""
    parts = path.split("/")
    return {"/".join(parts[:count]) for count in range(1, len(parts))}
