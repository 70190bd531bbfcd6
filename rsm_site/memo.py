"""What was made before, kept by what it was made from; it may be deleted at any time and is never a source of truth."""

import pickle
import sqlite3
import sys
from collections.abc import Callable, Hashable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

SIZE = 16  # bytes of a hash
_FORMAT = 1
# After so many builds that had no use for it a thing is dropped.
_BUILDS = 8
_TABLE = "CREATE TABLE IF NOT EXISTS made (key BLOB PRIMARY KEY, value BLOB, build INTEGER) WITHOUT ROWID"


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
        self._stored: dict[bytes, tuple[bytes, int]] = {}
        self._objects: dict[tuple[str, Hashable], tuple[Any, object]] = {}
        self._objects_used: dict[tuple[str, Hashable], tuple[Any, object]] = {}
        self._new: set[bytes] = set()
        self._used: set[bytes] = set()
        self._build = 0
        self._path = path if writes else None
        if path and path.exists():
            with suppress(sqlite3.Error), sqlite3.connect(path, timeout=1) as file:
                if file.execute("PRAGMA user_version").fetchone() == (_FORMAT,):
                    rows = file.execute("SELECT key, value, build FROM made")
                    self._stored = {key: (value, build) for key, value, build in rows}
            self._build = max((build for _value, build in self._stored.values()), default=0)

    def get(self, kind: str, key: bytes, make: Callable[[], T]) -> T:
        """What `make` makes, or made before of the same key."""
        found = self.find(kind, key)
        if found is None:
            found = make()
            self.keep(kind, key, found)
        return found  # type: ignore[no-any-return]

    def find(self, kind: str, key: bytes) -> Any:
        """What was kept under the key, None when there is nothing."""
        name = self._name(kind, key)
        found = self._values.get(name)
        if found is None and name in self._stored:
            with suppress(Exception):  # whatever a file that is not ours does to the unpickler
                found = self._values[name] = pickle.loads(self._stored[name][0])
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

    def save(self) -> None:
        """Write what is new to the file; what the last builds did not use is dropped there, and from memory at once."""
        self._values = {name: value for name, value in self._values.items() if name in self._used}
        self._objects, self._objects_used = self._objects_used, {}
        if self._path:
            with suppress(OSError, sqlite3.Error):
                self._write(self._path)
        self._new, self._used = set(), set()

    def _write(self, path: Path) -> None:
        self._build += 1
        rows = {
            name: (pickle.dumps(self._values[name], pickle.HIGHEST_PROTOCOL), self._build)
            for name in self._new & self._used
        }
        again = {
            name: (self._stored[name][0], self._build)
            for name in self._used & self._stored.keys()
            if name not in rows and self._stored[name][1] < self._build - _BUILDS // 2
        }
        old = {name for name, (_value, build) in self._stored.items() if build < self._build - _BUILDS}
        if not rows and not again and not old - again.keys():
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with sqlite3.connect(path, timeout=1) as file:
            file.execute("PRAGMA synchronous = OFF")
            if file.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
                file.execute("DROP TABLE IF EXISTS made")
                file.execute(_TABLE)
                file.execute(f"PRAGMA user_version = {_FORMAT}")
            changed = {**rows, **again}
            file.executemany(
                "INSERT OR REPLACE INTO made VALUES (?, ?, ?)",
                ((name, value, build) for name, (value, build) in changed.items()),
            )
            file.executemany("DELETE FROM made WHERE key = ?", [(name,) for name in old - changed.keys()])
        kept = {**self._stored, **changed}
        self._stored = {name: row for name, row in kept.items() if name in changed or name not in old}

    def _name(self, kind: str, key: bytes) -> bytes:
        return digest(self._salt, kind.encode(), key)
