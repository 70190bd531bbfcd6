"""Command options -> Config: which folders a command works on, and which day it renders."""

from datetime import date
from pathlib import Path

from msgspec import Struct


class Config(Struct, frozen=True, kw_only=True):
    """What one command works on; `edition` and `known_by` are None when the options were not given."""

    project: Path
    content: Path
    templates: Path
    output: Path
    edition: date | None = None
    known_by: date | None = None
    strict: bool = False
    single_file: bool = False
    pdf: bool = False
    cache: Path | None = None
    home: Path | None = None


def make_config(
    *,
    project: Path,
    content: Path | None = None,
    templates: Path | None = None,
    output: Path | None = None,
    edition: date | None = None,
    known_by: date | None = None,
    strict: bool = False,
    single_file: bool = False,
    pdf: bool = False,
    cache: Path | None = None,
    home: Path | None = None,
) -> Config:
    """Fill in the folders that were not given: the project's, and the package's own templates where it has none."""
    own = project / "templates"
    return Config(
        project=project,
        content=content or project / "content",
        templates=templates or (own if own.is_dir() else packaged_templates()),
        output=output or project / "public",
        edition=edition,
        known_by=known_by,
        strict=strict,
        single_file=single_file,
        pdf=pdf,
        cache=cache,
        home=home,
    )


def packaged_templates() -> Path:
    """The templates that were installed with the package; in a checkout those of the checkout."""
    package = Path(__file__).parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"
