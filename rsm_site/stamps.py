"""What tells that a file was written again since it was last read."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# Nanoseconds: files are dated no finer. Whoever has just read the newest file may have read what was not yet all of it.
_TICK = 10_000_000


class File:
    """Where a file stands, and its stamp: times of change, size, inode."""

    __slots__ = ("changed", "location", "stamp")

    def __init__(self, location: str, status: os.stat_result) -> None:
        """Take what the system says of the file now."""
        self.location = location
        self.stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        self.changed = max(status.st_mtime_ns, status.st_ctime_ns)


def newest_of(files: Iterable[File]) -> int:
    """When the newest of the files was changed, in nanoseconds."""
    return max((file.changed for file in files), default=0)


def is_settled(file: File, newest: int) -> bool:
    """Tell whether a later change of the file would show in its stamp, as others have changed since, the `newest` of
    them then."""
    return file.changed <= newest - _TICK


def list_files(folder: Path) -> dict[str, File]:
    """Every file below a folder by its path from there, in order, links followed, but not back to a folder above."""
    found, waiting = {}, [("", frozenset[str]())]
    while waiting:
        above, within = waiting.pop()
        real = os.path.realpath(folder / above)
        if real in within:
            continue
        with os.scandir(folder / above) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append((f"{above}{entry.name}/", within | {real}))
                elif entry.is_file():
                    with suppress(FileNotFoundError):  # as an editor's that stands there for a moment
                        found[above + entry.name] = File(entry.path, entry.stat())
    return dict(sorted(found.items()))
