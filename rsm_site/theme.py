"""The folder of templates: what every page depends on, and the static files; read again when they were written."""

import os
from functools import partial
from pathlib import Path

from rsm_site.assets import Assets, make_assets
from rsm_site.config import Config
from rsm_site.language import Language
from rsm_site.memo import Memo, digest
from rsm_site.reads import dump
from rsm_site.stamps import File, is_settled, list_files, newest_of


class Theme:
    """The files of the templates as they are now."""

    def __init__(self, folder: Path, memo: Memo, newest: int) -> None:
        """Look at the folder; `newest` is when the newest file of content was changed, in nanoseconds."""
        self._folder = folder
        self._memo = memo
        self._files = list_files(folder)
        self._newest = max(newest, newest_of(self._files.values()))

    def digest(self, config: Config, language: Language) -> bytes:
        """A hash of what every page depends on: templates, words, options."""
        parts = (part for path, file in self._files.items() for part in (os.fsencode(path), self._digest(file)))
        options = (config.edition, config.known_by, config.single_file, config.pdf, language.tag, language.strings)
        return digest(dump(options), *parts)

    def assets(self) -> Assets:
        """The static files."""
        files = [file for path, file in self._files.items() if path.startswith("assets/")]
        stamps = tuple((file.location, file.stamp) for file in files)
        make = partial(make_assets, self._folder)
        return self._memo.same("assets", stamps, make) if all(map(self._is_settled, files)) else make()

    def _digest(self, file: File) -> bytes:
        make = partial(_digest_of_file, file.location)
        return self._memo.same("template", (file.location, file.stamp), make) if self._is_settled(file) else make()

    def _is_settled(self, file: File) -> bool:
        return is_settled(file, self._newest)


def _digest_of_file(location: str) -> bytes:
    return digest(Path(location).read_bytes())
