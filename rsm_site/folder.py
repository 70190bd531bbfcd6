"""The content folder: which files there are, what was written since they were last read, and their bytes."""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import TypeVar

from rsm_site import reader, schema
from rsm_site.config import Config
from rsm_site.errors import Location, Problem, Severity
from rsm_site.memo import Memo
from rsm_site.stamps import File, is_settled, newest_of

LEFT_BEHIND = re.compile(r"\..*|.*~|#.*#|.*\.(?:swp|tmp|bak)")
_ENDINGS = {".yml": ".yaml", ".markdown": ".md"}
T = TypeVar("T")


class Folder:
    """The files below content/, and what is wrong with any of them as a whole."""

    def __init__(self, config: Config, memo: Memo, changed: Collection[str] | None) -> None:
        """Look at them all, or where it is known from `memo` what there was at the `changed` ones alone."""
        self.memo = memo
        self.problems: list[Problem] = []
        self._root = config.content
        project, absolute = config.project.absolute(), config.content.absolute()
        inside = absolute.is_relative_to(project)
        self._shown = PurePosixPath((absolute.relative_to(project) if inside else config.content).as_posix())
        self._prefix = f"{self._shown}/" if self._shown.parts else ""
        self._has_links = False
        known: _Listing | None = memo.last.get("content")
        listing = known and changed is not None and _look_again(known, self._root.resolve(), changed)
        if not listing:
            listing = _Listing(dict(sorted(self._walk())))
        # What a link leads to changes without it, and what is wrong with the folder has to be told again.
        memo.last["content"] = None if self._has_links or self.problems else listing
        self.files, self._inside = listing.files, listing.inside
        self.unread = dict.fromkeys(self.files)
        self.newest = newest_of(self.files.values())

    def matching(self, top: str, suffix: str) -> list[str]:
        """The files `top`.yaml and `top`/*, with the suffix, in the order they are read."""
        inside = self._inside.get(top, ())
        return [path for path in (f"{top}{suffix}", *inside) if path in self.files and path.endswith(suffix)]

    def once(self, kind: str, path: str, make: Callable[[], T]) -> T:
        """What `make` makes of a file, or made of it when the file was last read."""
        file = self.files[path]
        if not is_settled(file, self.newest):
            return make()
        return self.memo.same(kind, (path, file.stamp), make)

    def read_bytes(self, path: str, problems: list[Problem]) -> bytes:
        """The bytes of one file; none, and a problem is added, when they cannot be had."""
        place = Location(self.name_of(path))
        data = b""
        try:
            # Without a buffer, and without a limit for which room would be made: there may be thousands.
            with open(self.files[path].location, "rb", buffering=0) as file:  # noqa: PTH123
                size = os.fstat(file.fileno()).st_size
                if size <= reader.MAX_BYTES:
                    data = file.read()
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            problems.append(Problem(place, "unreadable", message, "check its permissions"))
            return b""
        if size > reader.MAX_BYTES:
            message = f"the file is larger than {reader.MAX_BYTES // 1024 // 1024} MiB"
            problems.append(Problem(place, "too-large", message, "split it into several files"))
            return b""
        return data

    def report_unread(self) -> None:
        """Warn of every file that nothing has read."""
        known = ["site", *schema.LISTS]
        for path in self.unread:
            file = PurePosixPath(path)
            ending = _ENDINGS.get(file.suffix, file.suffix)
            near = schema.nearest(file.stem, known) if "/" not in path and ending == ".yaml" else ""
            hint = "move or delete it"
            if near or ending != file.suffix:
                hint = f"should it be '{near or file.stem}{ending}'?"
            self.refuse(path, "unread-file", "nothing reads this file", hint, "warning")

    def refuse(self, path: str, code: str, message: str, hint: str, severity: Severity = "error") -> None:
        """Add a problem with a whole file."""
        self.problems.append(Problem(Location(str(self._shown / path)), code, message, hint, severity))

    def name_of(self, path: str) -> str:
        """A file's name in problems."""
        return self._prefix + path

    def _walk(self) -> Iterator[tuple[str, File]]:
        """Every file by its path below content/; what is no file of this folder is a problem."""
        real_root = self._root.resolve()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._root / folder) as found:
                    entries = sorted(found, key=attrgetter("name"))
            except OSError as error:
                name = folder.rstrip("/") or "."
                self.refuse(name, "unreadable", f"the folder cannot be read: {error.strerror}", "check its permissions")
                continue
            for entry in entries:
                if LEFT_BEHIND.fullmatch(entry.name):
                    continue
                path = folder + entry.name
                try:
                    status, is_link = entry.stat(), entry.is_symlink()
                    self._has_links |= is_link
                    is_outside = is_link and not Path(entry.path).resolve(strict=True).is_relative_to(real_root)
                except (OSError, RuntimeError):
                    self.refuse(path, "unreadable", "this leads to no file", "check its permissions and where it leads")
                    continue
                if is_outside:
                    self.refuse(path, "outside", "the link leads out of the content folder", "copy the file here")
                elif stat.S_ISDIR(status.st_mode) and is_link:
                    self.refuse(path, "outside", "a folder cannot be a link", "move the files here")
                elif stat.S_ISDIR(status.st_mode):
                    waiting.append(f"{path}/")
                elif stat.S_ISREG(status.st_mode):
                    yield path, File(entry.path, status)
                else:
                    self.refuse(path, "not-a-file", "this is neither a file nor a folder", "delete it")


def is_as_read(now: File, then: File, newest: int) -> bool:
    """Tell whether nothing has changed in a file since it was read, when the `newest` of all was of that time."""
    return now.stamp == then.stamp and is_settled(then, newest)


class _Listing:
    """The files of a folder by their paths, and the paths of those in each folder at its top."""

    def __init__(self, files: dict[str, File], inside: dict[str, list[str]] | None = None) -> None:
        self.files = files
        self.inside = inside or {}
        for path in () if inside else files:
            top, slash, name = path.partition("/")
            if slash and "/" not in name:
                self.inside.setdefault(top, []).append(path)


def _look_again(known: _Listing, root: Path, changed: Iterable[str]) -> _Listing | None:
    """The listing with what was written to these files since; None when that does not tell all."""
    files = dict(known.files)
    for path in (path.removeprefix(f"{root}{os.sep}") for path in changed if path.startswith(f"{root}{os.sep}")):
        file = files.get(path)
        try:
            status = os.lstat(file.location) if file else None
        except OSError:
            return None
        if file is None or status is None or not stat.S_ISREG(status.st_mode):
            return None
        files[path] = File(file.location, status)
    return _Listing(files, known.inside)
