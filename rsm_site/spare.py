"""A copy of the last site in one file of the cache: for an output folder that was removed."""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from rsm_site.manifest import MANIFEST
from rsm_site.staged import write_staged

# Bytes of the largest site that is kept.
_LIMIT = 100_000_000


def write_spare(files: Mapping[str, bytes], path: Path) -> None:
    """Keep the site in the file `path`; nothing when it is too large, or cannot be written."""
    if sum(map(len, files.values())) > _LIMIT:
        return
    listed = "".join(f"{len(data)} {url}\n" for url, data in files.items())
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_staged(path, f"{_name_of(files)}\n{listed}\n".encode(), *files.values())


def is_spare_of(path: Path, files: Mapping[str, bytes]) -> bool:
    """Tell whether the file `path` was written for this site, and not for one before it."""
    try:
        with path.open(encoding="ascii") as file:
            return file.readline() == f"{_name_of(files)}\n"
    except (OSError, ValueError):
        return False


def read_spare(path: Path) -> dict[str, bytes]:
    """The site in the file `path`; nothing when there is none. Whether it is the one that is wanted is for the caller
    to find out: whoever may write there may have changed it."""
    files: dict[str, bytes] = {}
    with suppress(OSError, ValueError):
        head, _, data = path.read_bytes().partition(b"\n\n")
        position = 0
        for line in head.decode().splitlines()[1:]:
            size, _, url = line.partition(" ")
            files[url] = data[position : position + int(size)]
            position += int(size)
    return files


def _name_of(files: Mapping[str, bytes]) -> str:
    return sha256(files[MANIFEST]).hexdigest()
