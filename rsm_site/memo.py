"""What was made before, kept by what it was made from; it may be deleted at any time and is never a source of truth."""

import os
import pickle
import sqlite3
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rsm_site.workers import ENOUGH, map_in_two

T = TypeVar("T")
R = TypeVar("R")

SIZE = 16  # bytes of a hash
_FORMAT = 3
# After so many builds that had no use for it a thing is dropped.
_BUILDS = 8
# Bytes: what is smaller is quickly unpickled again, and there may be thousands of it.
_SMALL = 32_000
_TABLES = """
DROP TABLE IF EXISTS made;
DROP TABLE IF EXISTS unused;
CREATE TABLE made (key BLOB PRIMARY KEY, value BLOB);
CREATE TABLE unused (key BLOB PRIMARY KEY, builds INTEGER);
"""


def digest(*parts: bytes) -> bytes:
    """A short hash of the parts, each told apart from the next."""
    return blake2b(b"".join([b"%d:%b" % (len(part), part) for part in parts]), digest_size=SIZE).digest()


def stamp_of_program() -> bytes:
    """A hash of what makes things: this package's code, Python, and the libraries installed beside it."""
    package = Path(__file__).parent
    libraries = Path(msgspec.__file__).parent.parent
    files = sorted(package.rglob("*.py"))
    stamps = (f"{path} {stat.st_size} {stat.st_mtime_ns}" for path in (*files, libraries) for stat in (path.stat(),))
    return digest(sys.version.encode(), *(stamp.encode() for stamp in stamps))


class Memo:
    """Things by kind and key, in memory and in a file; whatever is wrong with the file, things are made anew."""

    def __init__(self, path: Path | None, salt: bytes = b"", *, writes: bool = True) -> None:
        """Keep things in the file `path` too if there is one, and if this one `writes`; `salt` tells what all of them
        depend on: the program and the libraries that made them."""
        self._salt = salt
        self._values: dict[bytes, Any] = {}
        self._stored: dict[bytes, bytes] = {}
        self._unused: dict[bytes, int] = {}
        self._objects: dict[tuple[str, Hashable], tuple[Any, object]] = {}
        self._objects_used: dict[tuple[str, Hashable], tuple[Any, object]] = {}
        self._new: set[bytes] = set()
        self.last: dict[str, Any] = {}  # what was seen last, by kind; in memory alone
        self._used: set[bytes] = set()
        self._path = path if writes else None
        if path and os.access(path, os.R_OK):
            with suppress(sqlite3.Error), sqlite3.connect(path, timeout=1) as file:
                if file.execute("PRAGMA user_version").fetchone() == (_FORMAT,):
                    self._stored = dict(file.execute("SELECT key, value FROM made"))
                    self._unused = dict(file.execute("SELECT key, builds FROM unused"))
        self._unwritten: dict[bytes, bytes] = {}
        self._written_unused = self._unused

    def get(self, kind: str, key: bytes, make: Callable[[], T]) -> T:
        """What `make` makes, or made before of the same key."""
        found = self.find(kind, key)
        if found is None:
            found = make()
            self.keep(kind, key, found)
        return found  # type: ignore[no-any-return]

    def has(self, kind: str, key: bytes) -> bool:
        """Tell whether something was kept under the key."""
        name = self._name(kind, key)
        return name in self._values or name in self._stored

    def find(self, kind: str, key: bytes) -> Any:
        """What was kept under the key, None when there is nothing."""
        name = self._name(kind, key)
        found = self._values.get(name)
        if found is None and name in self._stored:
            with suppress(Exception):  # whatever a file that is not ours does to the unpickler
                found = self._values[name] = pickle.loads(self._stored[name])
        if found is not None:
            self._used.add(name)
        return found

    def keep(self, kind: str, key: bytes, value: Any) -> None:
        """Keep a value, which is not None and is not changed afterwards."""
        name = self._name(kind, key)
        self._values[name] = value
        self._new.add(name)
        self._used.add(name)

    def same(self, kind: str, key: Hashable, make: Callable[[], T], *made_of: object) -> T:
        """What `make` makes, the same object as the last time for the same key; in memory alone, and `made_of` lives as
        long: a key may be the id of such an object."""
        name = (kind, key)
        found = self._objects_used.get(name) or self._objects.get(name) or (make(), made_of)
        self._objects_used[name] = found
        return found[0]

    def once(self, kind: str, make: Callable[[], T], *made_of: object) -> T:
        """What `make` makes of these objects, the same object as long as they are the same."""
        return self.same(kind, tuple(map(id, made_of)), make, *made_of)

    @contextmanager
    def noting(self) -> Iterator[set[bytes]]:
        """Give the names of what is found or kept meanwhile, so that it can be `used` with what was made of it."""
        outer, self._used = self._used, set()
        try:
            yield self._used
        finally:
            outer |= self._used
            self._used = outer

    def use(self, names: Iterable[bytes]) -> None:
        """Count what is kept under these names as used in this build."""
        self._used.update(names)

    def map_in_two(self, do: Callable[[T], R], work: Sequence[T], enough: int = ENOUGH) -> list[R]:
        """What `do` makes of each thing, as `workers.map_in_two`; what the other process keeps or uses meanwhile counts
        as kept or used here."""

        def do_noting(part: Sequence[T]) -> tuple[list[R], dict[bytes, bytes], set[bytes]]:
            with self.noting() as used:
                made = list(map(do, part))
            return made, self._settle(self._new & used), used

        results: list[R] = []
        for made, settled, used in map_in_two(do_noting, work, enough):
            self._accept(settled)
            self._used |= used
            results.extend(made)
        return results

    def _settle(self, names: set[bytes]) -> dict[bytes, bytes]:
        """Pickle what is new, and give it: another process can accept it."""
        settled = {name: pickle.dumps(self._values[name], pickle.HIGHEST_PROTOCOL) for name in names}
        for name, data in settled.items():
            if len(data) < _SMALL:
                del self._values[name]
        self._new -= names
        self._accept(settled)
        return settled

    def _accept(self, settled: Mapping[bytes, bytes]) -> None:
        """Keep what another process has kept of the same build."""
        self._stored.update(settled)
        self._unwritten.update(settled)

    def end(self) -> None:
        """End a build: what it had no use for is let go, from memory at once, and after some builds altogether."""
        self._values = {name: value for name, value in self._values.items() if name in self._used}
        self._new &= self._values.keys()
        self._objects, self._objects_used = self._objects_used, {}
        self._unused = {name: self._unused.get(name, 0) + 1 for name in self._stored.keys() - self._used}
        for name in [name for name, builds in self._unused.items() if builds > _BUILDS]:
            del self._unused[name], self._stored[name]
        self._used = set()

    def write(self) -> None:
        """Bring the file up to date."""
        self._settle(self._new.copy())
        if self._path and (self._unwritten or self._unused != self._written_unused):
            try:
                self._write(self._path)
            except (OSError, sqlite3.OperationalError):
                pass  # no room, no right, or another build that writes
            except sqlite3.DatabaseError:  # it is none
                with suppress(OSError):
                    self._path.unlink()
        self._unwritten, self._written_unused = {}, self._unused

    def _write(self, path: Path) -> None:
        old = self._written_unused.keys() - self._stored.keys()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with sqlite3.connect(path, timeout=1) as file:
            file.execute("PRAGMA synchronous = OFF")
            if file.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
                file.executescript(_TABLES)
                file.execute(f"PRAGMA user_version = {_FORMAT}")
            # In order of key the index of thousands takes a quarter of the time.
            rows = ((name, self._unwritten[name]) for name in sorted(self._unwritten))
            file.executemany("INSERT OR REPLACE INTO made VALUES (?, ?)", rows)
            file.executemany("DELETE FROM made WHERE key = ?", [(name,) for name in old])
            file.execute("DELETE FROM unused")
            file.executemany("INSERT INTO unused VALUES (?, ?)", self._unused.items())

    def _name(self, kind: str, key: bytes) -> bytes:
        return blake2b(b"%b %b" % (kind.encode(), key), key=self._salt, digest_size=SIZE).digest()
