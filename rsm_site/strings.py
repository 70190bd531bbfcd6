"""templates/strings/<language>.yaml -> the words of the interface."""

from collections.abc import Mapping
from pathlib import Path

from rsm_site.errors import SiteError
from rsm_site.language import Words
from rsm_site.memo import Memo, digest


def read_strings(templates: Path, tag: str, memo: Memo | None = None) -> tuple[Mapping[str, Words], bool]:
    """The words of a language by key, and whether they are its own; what is missing is English. SiteError when the
    English ones cannot be read. What a file says is kept in `memo`."""
    folder, memo = templates / "strings", memo or Memo(None)
    words = _read(folder / "en.yaml", memo)
    own = next((path for name in (tag, tag.split("-")[0].lower()) if (path := folder / f"{name}.yaml").is_file()), None)
    if own is not None and own.name != "en.yaml":
        words = {**words, **_read(own, memo)}
    return words, own is not None


def _read(path: Path, memo: Memo) -> dict[str, Words]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SiteError(f"the interface words cannot be read: {error.strerror}: {path}") from error
    return memo.get("strings", digest(data), lambda: _parse(path, data))


def _parse(path: Path, data: bytes) -> dict[str, Words]:
    import yaml

    try:
        found = yaml.load(data.decode(), Loader=yaml.CBaseLoader)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        what = getattr(error, "problem", None) or getattr(error, "reason", error)
        raise SiteError(f"the interface words cannot be read: {place}: {what}") from error
    if not isinstance(found, dict):
        raise SiteError(f"the interface words at {path} are not 'key: words'")
    return found
