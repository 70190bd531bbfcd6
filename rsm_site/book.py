"""The pages and data files of the build before: which of them a new build would make again as they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct

from rsm_site.memo import Memo
from rsm_site.reads import Digests, Read, Reads

# So many things that looking for them in two processes takes less time.
_MANY = 500


class Kept(Struct, frozen=True):
    """What was made at once: files by URL, what else its maker wants to know of it, and the names that the memo has for
    it and for what it was made of."""

    files: Mapping[str, bytes]
    known: Any
    names: frozenset[bytes]


class _Row(Struct, frozen=True):
    """What something was made from, the hash of all that, SHA-256 of each file that it became, and names in the memo of
    what it was made of."""

    reads: tuple[Read, ...]
    state: bytes
    hashes: dict[str, str]
    known: Any
    names: frozenset[bytes]


class Workshop:
    """What outlives a build, so that the next makes only what has changed."""

    def __init__(self, memo: Memo, old: Callable[[str], bytes | None] = lambda _url: None) -> None:
        """Keep things in `memo`; `old` finds what a build before made at a URL."""
        self.memo = memo
        self.digests = Digests()
        self.old = old


class Book:
    """The record of one build: what each page and data file of it was made from."""

    def __init__(self, workshop: Workshop, theme: bytes) -> None:
        """Begin a build; `theme` tells what every page depends on: templates, words and options."""
        self.reads = Reads(workshop.digests)
        self.reads.offer("theme", lambda _part: theme)
        self.theme = theme
        self.memo = workshop.memo
        self._workshop = workshop
        self._kept: dict[str, Kept | None] = {}

    def find(self, name: str) -> Kept | None:
        """What was made under this name, when all that it was made from is as it was."""
        return self.find_all([name])[0]

    def find_all(self, names: Sequence[str]) -> list[Kept | None]:
        """What was made under each of these names."""
        sought = [name for name in names if name not in self._kept and self.memo.has("made", name.encode())]
        self._kept.update(zip(sought, self.memo.map_in_two(self._find, sought, _MANY), strict=True))
        return [self._kept.get(name) for name in names]

    def keep(
        self,
        name: str,
        files: Mapping[str, bytes],
        noted: tuple[Read, ...] | None,
        known: Any = None,
        names: Iterable[bytes] = (),
    ) -> None:
        """Record what was made, what was `noted` meanwhile, and the `names` that the memo has for what it was made of;
        nothing when nothing was noted."""
        if noted is None:
            return
        reads = (("theme", ""), *noted)
        if state := self.reads.state(reads):
            hashes = {url: sha256(data).hexdigest() for url, data in files.items()}
            self.memo.keep("made", name.encode(), _Row(reads, state, hashes, known, frozenset(names)))

    def close(self, files: Mapping[str, bytes]) -> None:
        """End the build that made `files`: what it had no use for is let go."""
        self.memo.end()
        self._workshop.old = files.get
        self._workshop.digests.forget()

    def _find(self, name: str) -> Kept | None:
        with self.memo.noting() as used:
            row: _Row | None = self.memo.find("made", name.encode())
        if row is None or self.reads.state(row.reads) != row.state:
            return None
        files = {}
        for url, expected in row.hashes.items():
            data = self._workshop.old(url)
            if data is None or sha256(data).hexdigest() != expected:
                return None
            files[url] = data
        self.memo.use(row.names)
        return Kept(files, row.known, row.names | used)
