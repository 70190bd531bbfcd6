"""The record of what a build wrote: edition, release, SHA-256 and size of every file."""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from rsm_site.errors import OutputError

MANIFEST = ".well-known/factsheet-manifest.json"

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Size = Annotated[int, Meta(ge=0)]


class FileRecord(Struct, frozen=True, kw_only=True):
    """One file of a site: its SHA-256 in hexadecimal, its size in bytes."""

    sha256: Sha256
    size: Size


class Manifest(Struct, frozen=True, kw_only=True):
    """All files of a site but the manifest itself, by path; `release` is a hash of the rest."""

    release: str
    edition: str
    files: dict[str, FileRecord]


class Difference(Struct, frozen=True, kw_only=True, order=True):
    """One file in which a folder is not what its manifest says."""

    path: str
    kind: Literal["missing", "changed", "extra"]


class Changes(Struct, frozen=True, kw_only=True):
    """The paths that differ between two manifests, each group in order."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


class Listing(Struct, frozen=True, kw_only=True):
    """All that stands below a folder, by path; a folder comes before what it holds; `others` are links, devices."""

    files: list[str]
    folders: list[str]
    others: list[str]


def make_manifest(files: Mapping[str, bytes], edition: str) -> Manifest:
    """Return the manifest of `files` (path to content), leaving out a manifest among them; `edition` is an ISO day."""
    records = {
        path: FileRecord(sha256=hashlib.sha256(files[path]).hexdigest(), size=len(files[path]))
        for path in sorted(files)
        if path != MANIFEST
    }
    _check_paths(records)
    return Manifest(release=_release(edition, records), edition=edition, files=records)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON, one file a line in order of path; equal manifests give equal bytes."""
    return f'{{\n  "release": "{manifest.release}",\n{_body(manifest.edition, manifest.files)}'.encode()


def decode_manifest(data: bytes, name: str = MANIFEST) -> Manifest:
    """Return the manifest that `data` encodes; raise OutputError, calling it `name`, if it is broken."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
        _check_paths(manifest.files)
        intact = re.fullmatch(r"\d{4}-\d\d-\d\d", manifest.edition, re.ASCII) is not None
        intact = intact and manifest.release == _release(manifest.edition, manifest.files)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise OutputError(f"{name} is not a readable manifest: {error}") from error
    if not intact:
        raise OutputError(f"{name} is not a readable manifest: its release id is not that of its content")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the site in `folder`; raise OutputError if there is none that can be read."""
    path = folder / MANIFEST
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OutputError(f"{path} is not a file")
        return decode_manifest(path.read_bytes(), str(path))
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}") from error


def compare_folder(folder: Path) -> tuple[Difference, ...]:
    """Return every file of `folder` that is missing, changed or too many by its manifest, in order of path.

    Links are not followed. Raises OutputError if the manifest or a file cannot be read.
    """
    manifest = read_manifest(folder)
    try:
        listing = list_folder(folder)
        there = {*listing.files, *listing.others}
        found = [Difference(path=path, kind="extra") for path in there - manifest.files.keys() - {MANIFEST}]
        found += [Difference(path=path, kind="missing") for path in manifest.files.keys() - there]
        for path in manifest.files.keys() & there:
            if path in listing.others or _record(folder / path) != manifest.files[path]:
                found.append(Difference(path=path, kind="changed"))
    except OSError as error:
        raise OutputError(f"{error.filename or folder} cannot be read: {error.strerror}") from error
    return tuple(sorted(found))


def compare_manifests(old: Manifest | None, new: Manifest) -> Changes:
    """Return what `new` adds to, changes in and removes from `old`; without an old one all of it is added."""
    before = old.files if old else {}
    return Changes(
        added=tuple(sorted(new.files.keys() - before.keys())),
        changed=tuple(sorted(path for path in new.files.keys() & before.keys() if new.files[path] != before[path])),
        removed=tuple(sorted(before.keys() - new.files.keys())),
    )


def list_folder(folder: Path | str) -> Listing:
    """Return everything below `folder`; links are listed, never followed."""
    listing = Listing(files=[], folders=[], others=[])
    pending = [""]
    while pending:
        above = pending.pop()
        with os.scandir(f"{folder}/{above}") as entries:
            for entry in entries:
                path = above + entry.name
                if entry.is_dir(follow_symlinks=False):
                    listing.folders.append(path)
                    pending.append(f"{path}/")
                elif entry.is_file(follow_symlinks=False):
                    listing.files.append(path)
                else:
                    listing.others.append(path)
    return listing


def _check_paths(paths: Iterable[str]) -> None:
    """Raise OutputError unless every path is a plain one, from the site's root down, that any host can hold."""
    for path in paths:
        if not path.isprintable() or "\\" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise OutputError(f"a site cannot have a file called {path!a}")


def _body(edition: str, files: Mapping[str, FileRecord]) -> str:
    lines = ",\n".join(
        f'    {msgspec.json.encode(path).decode()}: {{"sha256": "{record.sha256}", "size": {record.size}}}'
        for path, record in sorted(files.items())
    )
    return f'  "edition": "{edition}",\n  "files": {{\n{lines}\n  }}\n}}\n'


def _release(edition: str, files: Mapping[str, FileRecord]) -> str:
    # 64 bits: short enough for the name of a folder and for typing after `rollback`.
    return hashlib.sha256(_body(edition, files).encode()).hexdigest()[:16]


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(sha256=digest, size=file.tell())
