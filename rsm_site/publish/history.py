"""What a published site holds beside its manifest: assets of earlier releases, and the manifests of those."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from rsm_site.errors import OutputError, PublishError
from rsm_site.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    compare_manifests,
    decode_manifest,
    encode_manifest,
    make_manifest,
)

HISTORY = ".well-known/factsheet-history.json"
ASSETS = "assets/"


class Release(Struct, frozen=True, kw_only=True):
    """What was published once, and when (ISO 8601 in UTC, told to people and never compared)."""

    published: str
    manifest: Manifest


class History(Struct, frozen=True, kw_only=True):
    """The record that a published site keeps of itself: when it was published, which files stand there that its
    manifest does not list, and the releases before it, newest first."""

    published: str
    kept: dict[str, FileRecord] = {}
    releases: tuple[Release, ...] = ()


class Live(Struct, frozen=True, kw_only=True):
    """What readers get from a target now; `uncertain` are paths at which anything may stand, after a publish was cut
    off or somebody changed the target."""

    manifest: Manifest | None = None
    history: History = History(published="")
    uncertain: frozenset[str] = frozenset()

    @property
    def files(self) -> Mapping[str, FileRecord]:
        """Every file that should stand there, but for the manifest and the history."""
        return {**(self.manifest.files if self.manifest else {}), **self.history.kept}

    @property
    def releases(self) -> tuple[Release, ...]:
        """The releases that stand there, the one that readers get first."""
        if self.manifest is None:
            return ()
        return (Release(published=self.history.published, manifest=self.manifest), *self.history.releases)


def read_live(read: Callable[[str], bytes | None], *, uncertain: frozenset[str] = frozenset()) -> Live:
    """What stands on a target, by `read` of its files (None when there is none); PublishError when its records are
    broken."""
    data = read(MANIFEST)
    if data is None:
        return Live(uncertain=uncertain)
    record = read(HISTORY)
    try:
        manifest = decode_manifest(data)
        history = decode_history(record) if record is not None else History(published="")
    except OutputError as error:
        raise PublishError(f"{error}; it was changed by something else than a publish") from error
    return Live(manifest=manifest, history=history, uncertain=uncertain)


def next_history(live: Live, manifest: Manifest, *, published: str, keep: int, extras: Mapping[str, bytes]) -> History:
    """The history of `manifest` when it follows what is `live`: the assets of `keep` releases stay, itself one of them.

    `extras` are files of the target's own, such as CNAME.
    """
    again = live.manifest == manifest
    before = [release for release in live.releases if release.manifest.release != manifest.release][: max(keep, 1) - 1]
    assets = {path for release in before for path in release.manifest.files if path.startswith(ASSETS)}
    kept = {
        path: record
        for path, record in live.files.items()
        if path in assets and path not in manifest.files and path not in live.uncertain
    }
    return History(
        published=live.history.published if again else published,
        kept=kept | dict(make_manifest(extras, manifest.edition).files),
        releases=tuple(before),
    )


class _Past(Struct, frozen=True, kw_only=True):
    """A release as it is written down: what of it differs from the release written before it."""

    published: str
    release: str
    edition: str
    files: dict[str, FileRecord]
    without: tuple[str, ...]


class _Written(Struct, frozen=True, kw_only=True):
    """A history as it is written down: releases mostly have the same files, and are told by their differences."""

    published: str
    kept: dict[str, FileRecord]
    releases: tuple[_Past, ...]


def encode_history(history: History) -> bytes:
    """The history as JSON."""
    past, before = [], Manifest(release="", edition="", files={})
    for release in history.releases:
        manifest = release.manifest
        changes = compare_manifests(before, manifest)
        files = {path: manifest.files[path] for path in sorted((*changes.added, *changes.changed))}
        past.append(
            _Past(
                published=release.published,
                release=manifest.release,
                edition=manifest.edition,
                files=files,
                without=changes.removed,
            )
        )
        before = manifest
    written = _Written(published=history.published, kept=history.kept, releases=tuple(past))
    return msgspec.json.encode(written) + b"\n"


def decode_history(data: bytes, name: str = HISTORY) -> History:
    """The history that `data` encodes; raise OutputError, calling it `name`, if it is broken."""
    try:
        written = msgspec.json.decode(data, type=_Written)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise OutputError(f"{name} is not a readable history: {error}") from error
    make_manifest(dict.fromkeys(written.kept, b""), "")  # refuses paths that lead out of the site
    releases, files = [], dict[str, FileRecord]()
    for past in written.releases:
        files = {path: record for path, record in files.items() if path not in past.without} | past.files
        manifest = Manifest(release=past.release, edition=past.edition, files=dict(sorted(files.items())))
        manifest = decode_manifest(encode_manifest(manifest), f"a manifest in {name}")  # is true to its id
        releases.append(Release(published=past.published, manifest=manifest))
    return History(published=written.published, kept=written.kept, releases=tuple(releases))
