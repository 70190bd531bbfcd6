"""A file written as a whole: whatever stops it leaves the old one, or none."""

import os
from pathlib import Path


def write_staged(path: Path, *parts: bytes) -> None:
    """Make the file `path` hold the parts, one after the other, in one step; OSError leaves it as it was."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with staged.open("wb") as file:
            file.writelines(parts)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
