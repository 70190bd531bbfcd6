"""A copy of the last site in one file of the cache: for an output folder that was removed."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# Bytes of the largest site that is kept.
_LIMIT = 100_000_000


def write_spare(files: Mapping[str, bytes], path: Path) -> None:
    """Keep the site in the file `path`; nothing when it is too large, or cannot be written."""
    staged = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        if sum(map(len, files.values())) > _LIMIT:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        listed = "".join(f"{len(data)} {url}\n" for url, data in files.items())
        try:
            with staged.open("wb") as file:
                file.write(f"{listed}\n".encode())
                file.writelines(files.values())
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)


def read_spare(path: Path) -> dict[str, bytes]:
    """The site in the file `path`; nothing when there is none. Whether it is the one that is wanted is for the caller
    to find out: whoever may write there may have changed it."""
    files: dict[str, bytes] = {}
    with suppress(OSError, ValueError):
        listed, _, data = path.read_bytes().partition(b"\n\n")
        position = 0
        for line in listed.decode().splitlines():
            size, _, url = line.partition(" ")
            files[url] = data[position : position + int(size)]
            position += int(size)
    return files
