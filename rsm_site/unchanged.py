"""Whether a build would change nothing, told from the dates and sizes of files before anything heavy is imported.

After a build that had nothing to complain of, its record keeps the command, what it printed, and of every file that it
read or wrote the size, the times of change and the inode. While all of these are the same, the next such command need
only print the same; and where the output folder was removed, put the copy of the site there that the cache holds.
"""
# Start-up is all that it costs, so paths are strings and nothing beyond `os` is imported:
# ruff: noqa: PTH103, PTH105, PTH109, PTH111, PTH112, PTH114, PTH116, PTH118, PTH120, PTH123

import os
import sys
from binascii import crc32
from collections.abc import Callable, Sequence
from time import perf_counter, time_ns

# Times of change are as coarse as this on some file systems: a later change might show the same.
_COARSE = 2_000_000_000


class Record:
    """The record of one command in one working folder."""

    def __init__(self, arguments: Sequence[str], cache: str | None) -> None:
        """Look in the folder `cache`; without one nothing is remembered."""
        self._began = perf_counter()
        try:
            here = os.getcwd()
        except OSError:  # it was removed
            here = cache = ""
        self._asked = os.fsencode("\0".join(("2", sys.version, here, *arguments)))
        self._path = os.path.join(cache, f"{crc32(self._asked):08x}.built") if cache else ""
        self._inputs = b""

    def what_was_printed(self, put_back: Callable[[str, str], bool]) -> str | None:
        """What the command has to print if nothing has changed since the last time; None when it has to be run. Where
        the output folder was removed, `put_back` makes it again of the copy in a file, if it can."""
        try:
            with open(self._path, "rb") as file:
                asked, *parts, inputs, outputs = file.read().split(b"\0\0")
            content, templates, output, spare, stamp, before, after = map(os.fsdecode, parts)
            if asked != self._asked or inputs != _state(content, templates):
                return None
            if _leftovers(output) or os.path.islink(output):  # either is for a build to deal with
                return None
            if not os.path.lexists(output):
                if stamp != _stamp(os.stat(spare)) or not put_back(spare, output):
                    return None
                self._inputs = inputs
                self.end(content, templates, output, spare, before, after)
            elif outputs != _listing(output):
                return None
        except (OSError, ValueError):
            return None
        return f"{before}{perf_counter() - self._began:.2f} s{after}" if before else ""

    def begin(self, content: str, templates: str) -> None:
        """Note the state of what is read, before it is read."""
        now, times = time_ns(), [0]
        try:
            state = _state(content, templates, times)
        except OSError:
            return
        if now - max(times) > _COARSE:
            self._inputs = state

    def end(self, content: str, templates: str, output: str, spare: str, before: str, after: str) -> None:
        """Note what was written, the file `spare` with a copy of it (empty for none), and what the command printed
        `before` and `after` the time it took."""
        if not self._path or not self._inputs:
            return
        stamp = _stamp(os.stat(spare)) if os.access(spare, os.R_OK) else ""
        parts = map(os.fsencode, (content, templates, output, spare, stamp, before, after))
        staged = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(staged, "wb") as file:
                file.write(b"\0\0".join((self._asked, *parts, self._inputs, _listing(output))))
            os.replace(staged, self._path)
        except OSError:
            return


def cache_folder() -> str | None:
    """Where things are kept between runs, by the XDG base directory specification."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = os.path.expanduser("~")
    base = given if given.startswith("/") else os.path.join(home, ".cache") if home != "~" else ""
    return os.path.join(base, "rsm_site") if base else None


def _state(content: str, templates: str, times: list[int] | None = None) -> bytes:
    """All that a build reads: content, templates, this program, and the libraries it stands on; the times of change of
    the first two are added to `times`, in nanoseconds."""
    libraries = [path for path in sys.path if path.endswith("-packages")]
    stamps = "".join(f"{path} {os.stat(path).st_mtime_ns}\n" for path in libraries if os.path.isdir(path))
    edited = _listing(content, times) + _listing(templates, times)
    return edited + _listing(os.path.dirname(__file__)) + stamps.encode()


def _listing(root: str, times: list[int] | None = None) -> bytes:
    """Every file below a folder with its size, times of change and inode; a link to a folder is a line of its own, and
    what it leads to is looked at once."""
    lines, folders = [], [root]
    followed = set()
    while folders:
        folder = folders.pop()
        lines.append(folder)
        with os.scandir(folder) as entries:
            found = sorted(entries, key=_name)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    folders.append(entry.path)
                continue
            stat = entry.stat()
            if entry.is_dir() and (stat.st_dev, stat.st_ino) not in followed:
                followed.add((stat.st_dev, stat.st_ino))
                folders.append(entry.path)
            if times is not None:
                times.append(max(stat.st_mtime_ns, stat.st_ctime_ns))
            lines.append(f"{entry.name} {_stamp(stat)}")
    return os.fsencode("\n".join(lines))


def _stamp(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _leftovers(output: str) -> bool:
    """Tell whether a build that was stopped left something to be tidied."""
    folder, name = os.path.split(output)
    return any(os.path.lexists(os.path.join(folder, f".{name}.{role}")) for role in ("staging", "replaced"))
