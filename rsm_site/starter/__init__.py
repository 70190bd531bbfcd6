"""A complete small factsheet of an invented mission, copied into a folder to start from."""

import shutil
from pathlib import Path

from rsm_site.errors import UsageError


def write_starter(folder: Path) -> int:
    """Copy the starter's content into `folder` and give the number of files; UsageError when the folder holds
    anything, but for the `.git` of a repository to start in."""
    if folder.exists() and (not folder.is_dir() or any(path.name != ".git" for path in folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder; name a new one")
    starter = Path(__file__).parent
    files = sorted(path for path in (starter / "content").rglob("*") if path.is_file())
    ignored = folder / ".gitignore"
    try:
        for path in files:
            target = folder / path.relative_to(starter)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        ignored.write_text("/public/\n", encoding="utf-8")
    except OSError:
        shutil.rmtree(folder / "content", ignore_errors=True)
        ignored.unlink(missing_ok=True)
        raise
    return len(files) + 1
