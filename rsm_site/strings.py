"""templates/strings/<language>.yaml -> the words of the interface."""

from collections.abc import Mapping
from pathlib import Path

from rsm_site.errors import SiteError
from rsm_site.language import Words


def read_strings(templates: Path, tag: str) -> tuple[Mapping[str, Words], bool]:
    """The words of a language by key, and whether they are its own; what is missing is English. SiteError when the
    English ones cannot be read."""
    folder = templates / "strings"
    words = _read(folder / "en.yaml")
    own = next((path for name in (tag, tag.split("-")[0]) if (path := folder / f"{name}.yaml").is_file()), None)
    if own is not None and own.name != "en.yaml":
        words = {**words, **_read(own)}
    return words, own is not None


def _read(path: Path) -> dict[str, Words]:
    import yaml

    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SiteError(f"the interface words cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise SiteError(f"the interface words at {path} are not 'key: words'")
    return found
