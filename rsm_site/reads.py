"""What a page reads while it is made: this decides when it has to be made again."""

import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct, structs

from rsm_site.errors import Problem
from rsm_site.memo import digest
from rsm_site.model import Prose, Record

# Characters: a longer text is read by one page, and there may be thousands of them.
_LONG = 200
Read = tuple[str, Any]
K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Reads:
    """Knows what there is to read, by name, and notes for each page what was read of it."""

    def __init__(self, digests: "Digests | None" = None) -> None:
        """Begin with nothing to read, between pages."""
        self._readable: dict[str, Callable[[Any], Any]] = {}
        self._states = _States(self._readable, digests or Digests())
        self._noted: dict[str, dict[Read, None]] = {}
        self._problems: dict[str, set[Problem]] = {}
        self._page = ""
        self._current = self._noted.setdefault("", {})

    @contextmanager
    def of(self, page: str) -> Iterator[None]:
        """Note for `page` what is read meanwhile; "" is what no page is made from."""
        before, current = self._page, self._current
        self._page, self._current = page, self._noted.setdefault(page, {})
        try:
            yield
        finally:
            self._page, self._current = before, current

    def note(self, name: str, part: Any) -> None:
        """Note that a part of what is called `name` was read."""
        self._current[name, part] = None

    def note_all(self, name: str) -> None:
        """Note that all of what is called `name` was read."""
        self.note(name, "")

    def join(self, page: str) -> None:
        """Note all that was read for another page, whose problems are now of this one too."""
        self._current |= self._noted[page]
        if page in self._problems:
            self.spoil(*self._problems[page])

    def spoil(self, *problems: Problem) -> None:
        """Have the page made anew next time, whatever it read; it may have problems to tell."""
        self._problems.setdefault(self._page, set()).update(problems)

    @property
    def problems(self) -> set[Problem]:
        """What was found wrong while pages were made."""
        return set().union(*self._problems.values())

    def problems_of(self, page: str) -> tuple[Problem, ...]:
        """What was found wrong while one page was made."""
        return tuple(self._problems.get(page, ()))

    def state(self, reads: tuple[Read, ...]) -> bytes | None:
        """A hash of what all of these would read now; None when one of them cannot be read any more."""
        try:
            return digest(b"".join(map(self._states.__getitem__, reads)))
        except LookupError:
            return None

    def noted(self, page: str) -> tuple[Read, ...] | None:
        """What the page has read, in the order in which it did; None when it is to be made anew."""
        return None if page in self._problems else tuple(self._noted[page])

    def forget(self, page: str) -> None:
        """Let go of what the page has read; there may be thousands."""
        del self._noted[page]

    def offer(self, name: str, read: Callable[[Any], Any]) -> None:
        """Let `read` say what a part of what is called `name` is now."""
        self._readable[name] = read

    def watched(self, name: str, value: T) -> T:
        """The value, whose attributes are noted as they are read."""
        self.offer(name, lambda part: getattr(value, part) if part else value)
        return cast(T, _Watched(self, name, value))

    def watched_by_key(self, name: str, values: dict[K, V]) -> dict[K, V]:
        """The dictionary, whose values are noted as they are asked for."""
        self.offer(name, values.get)
        return _WatchedDict(self, name, values)


class _States(dict[Read, bytes]):
    """The hash of each read as it is now, made when it is first asked for; LookupError when it cannot be read."""

    def __init__(self, readable: Mapping[str, Callable[[Any], Any]], digests: "Digests") -> None:
        super().__init__()
        self._readable = readable
        self._digests = digests

    def __missing__(self, read: Read) -> bytes:
        name, part = read
        value = self._readable[name](part)
        state = self._digests.of(value)
        if not isinstance(value, str) or len(value) < _LONG:
            self[read] = state
        return state


class Digests:
    """Hashes of values by what they say; where a record stands in its file is no part of it."""

    def __init__(self) -> None:
        """Begin with nothing hashed."""
        self._known: dict[int, tuple[Any, bytes]] = {}
        self._used: dict[int, tuple[Any, bytes]] = {}

    def of(self, value: Any) -> bytes:
        """The hash of a value."""
        if isinstance(value, tuple):
            return digest(b"".join(map(self.of, value)))
        if isinstance(value, str):
            return digest(value.encode())
        if isinstance(value, Struct) and not isinstance(value, Record):
            # Made anew for each edition, of records that are not.
            return digest(type(value).__name__.encode(), *map(self.of, structs.astuple(value)))
        if not isinstance(value, Record):
            return digest(dump(value))
        found = self._used.get(id(value)) or self._known.get(id(value))
        if found is None:
            found = (value, digest(dump(value)))
        self._used[id(value)] = found
        return found[1]

    def forget(self) -> None:
        """Let go of what was not asked for since the last time."""
        self._known, self._used = self._used, {}


class _Dumper(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Struct):
            return NotImplemented
        said = structs.astuple(value)
        if isinstance(value, Prose):
            said = (value.text, value.style)
        elif isinstance(value, Record):
            said = said[len(Record.HIDDEN) :]
        return tuple, ((type(value).__name__, *said),)


def dump(value: Any) -> bytes:
    """The bytes of a value; equal values give equal bytes, whatever objects they share."""
    into = BytesIO()
    dumper = _Dumper(into, pickle.HIGHEST_PROTOCOL)
    dumper.fast = True
    dumper.dump(value)
    return into.getvalue()


class _Watched(Generic[T]):
    def __init__(self, reads: Reads, name: str, value: T) -> None:
        self._reads = reads
        self._name = sys.intern(name)
        self._value = value

    def __getattr__(self, part: str) -> Any:
        self._reads.note(self._name, part)
        return getattr(self._value, part)


class _WatchedDict(dict[K, V]):
    def __init__(self, reads: Reads, name: str, values: dict[K, V]) -> None:
        super().__init__(values)
        self._reads = reads
        self._name = sys.intern(name)

    def __getitem__(self, key: K) -> V:
        self._reads.note(self._name, key)
        return super().__getitem__(key)

    def get(self, key: K, default: Any = None) -> Any:
        self._reads.note(self._name, key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._reads.note(self._name, key)
        return super().__contains__(key)
