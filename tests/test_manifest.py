"""The manifest: what it records, that it reads back, and the differences it finds."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from rsm_site.errors import OutputError
from rsm_site.manifest import (
    MANIFEST,
    Changes,
    Difference,
    compare_folder,
    compare_manifests,
    decode_manifest,
    encode_manifest,
    make_manifest,
    read_manifest,
)

FILES = {"index.html": b"<h1>Site</h1>", "assets/a.css": b"", "größe.html": "größe".encode()}


def write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """Write `files` and their manifest to `folder`."""
    for path, content in (files | {MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_a_manifest_records_each_file() -> None:
    """The manifest is JSON with the edition, the release, and hash and size of every file but itself."""
    data = json.loads(encode_manifest(make_manifest(FILES | {MANIFEST: b"an older one"}, "2021-02-11")))
    assert data["edition"] == "2021-02-11"
    assert data["files"] == {
        path: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for path, content in FILES.items()
    }
    assert set(data) == {"release", "edition", "files"}


def test_a_manifest_is_stable_and_readable() -> None:
    """The order of files makes no difference to the bytes; each file has one line, in order of path."""
    encoded = encode_manifest(make_manifest(FILES, "2021-02-11"))
    assert encoded == encode_manifest(make_manifest(dict(reversed(FILES.items())), "2021-02-11"))
    lines = [line.split('"')[1] for line in encoded.decode().splitlines() if "sha256" in line]
    assert lines == ["assets/a.css", "größe.html", "index.html"]


def test_the_release_tells_sites_apart() -> None:
    """The release is a hash of edition and files: any difference in them makes another one."""
    releases = {
        make_manifest(files, edition).release
        for files in (FILES, FILES | {"index.html": b"<h1>Sites</h1>"}, FILES | {"new": b""}, {})
        for edition in ("2021-02-11", "2021-02-12")
    }
    assert len(releases) == 8


def test_a_manifest_reads_back_as_it_was() -> None:
    """Decoding gives the manifest that was encoded."""
    manifest = make_manifest(FILES, "2021-02-11")
    assert decode_manifest(encode_manifest(manifest)) == manifest
    assert decode_manifest(encode_manifest(make_manifest({}, "2021-02-11"))).files == {}


GOOD = encode_manifest(make_manifest({"a/b.html": b"b"}, "2021-02-11"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"x": ' * 100_000,
        GOOD[:-20],
        GOOD + b"}",
        GOOD.replace(b'"size": 1', b'"size": 2'),
        GOOD.replace(b'"size": 1', b'"size": -1'),
        GOOD.replace(b'"size": 1', b'"size": "1"'),
        GOOD.replace(b"2021-02-11", b"2021-02-12"),
        GOOD.replace(b'"sha256": "', b'"sha256": "x'),
        GOOD.replace(b"a/b.html", b"a/c.html"),
        GOOD.replace(b"a/b.html", b"a/\xff.html"),
        GOOD.replace(b'"a/b.html"', b"1"),
    ],
)
def test_a_broken_manifest_is_refused_in_a_sentence(data: bytes) -> None:
    """A manifest that is no manifest, or not true to its own release, is refused in one line that names it."""
    with pytest.raises(OutputError, match=r"^here is not a readable manifest: ") as caught:
        decode_manifest(data, "here")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("edition", ["", "2021", "2021-02", "11 February 2021", "2021-02-11\n", "２０２１-02-11"])
def test_an_edition_is_a_day(edition: str) -> None:
    """A manifest whose edition is not an ISO day is refused."""
    with pytest.raises(OutputError, match=r"is not a readable manifest"):
        decode_manifest(encode_manifest(make_manifest(FILES, edition)))


BAD_PATHS = [
    "",
    "/etc/passwd",
    "../up",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    ".",
    "..",
    "a\\b",
    "a\nb",
    "a\0b",
    "a\x1bb",
    "\ud800",
]


@pytest.mark.parametrize("path", [*BAD_PATHS, "a\u202eb", "a\x7fb", "a\u2028b"])
def test_a_path_that_leaves_the_site_or_hides_is_refused(path: str) -> None:
    """Paths stay inside the site and hold nothing that a host, a shell or a terminal takes for something else."""
    with pytest.raises(OutputError, match=r"a site cannot have a file called '") as caught:
        make_manifest({path: b""}, "2021-02-11")
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()


def test_a_path_that_leaves_the_site_is_refused_when_read() -> None:
    """A manifest that someone made with a path out of the site is refused, however true its release."""
    with pytest.raises(OutputError, match=r"a site cannot have a file called '\.\./up'"):
        decode_manifest(GOOD.replace(b"a/b.html", b"../up"))


def test_a_folder_that_equals_its_manifest_has_no_differences(tmp_path: Path) -> None:
    """A site as it was written has no difference from its manifest."""
    assert compare_folder(write(tmp_path)) == ()


def test_a_folder_tells_each_difference(tmp_path: Path) -> None:
    """One changed byte, one missing file, one file too many, a link, a file for a folder: each is found, in order."""
    write(tmp_path, FILES | {"b/page.html": b"page", "c.html": b"c", "d.html": b"d"})
    (tmp_path / "index.html").write_bytes(b"<h1>Sitf</h1>")
    (tmp_path / "assets/a.css").unlink()
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "b/page.html").unlink()
    (tmp_path / "b").rmdir()
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c.html").unlink()
    (tmp_path / "c.html").symlink_to("d.html")
    (tmp_path / "elsewhere").symlink_to("/")
    assert compare_folder(tmp_path) == (
        Difference(path=".hidden", kind="extra"),
        Difference(path="assets/a.css", kind="missing"),
        Difference(path="b", kind="extra"),
        Difference(path="b/page.html", kind="missing"),
        Difference(path="c.html", kind="changed"),
        Difference(path="elsewhere", kind="extra"),
        Difference(path="index.html", kind="changed"),
    )


def test_a_folder_without_a_manifest_cannot_be_compared(tmp_path: Path) -> None:
    """A folder that is no site, or not there at all, is told in a sentence that names the manifest."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(OutputError, match=r"factsheet-manifest\.json cannot be read: No such file or directory$"):
            compare_folder(folder)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_manifest_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A link, a pipe or a folder in the place of the manifest is told, and not waited for."""
    path = write(tmp_path) / MANIFEST
    path.rename(tmp_path / "manifest")
    {"link": lambda: path.symlink_to("../manifest"), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    with pytest.raises(OutputError, match=r"factsheet-manifest\.json is not a file$"):
        read_manifest(tmp_path)


def test_two_manifests_differ_by_path() -> None:
    """Between two manifests each file is added, changed, removed or the same; without an old one all is added."""
    old = make_manifest({"same": b"", "changed": b"1", "removed": b""}, "2021-02-11")
    new = make_manifest({"same": b"", "changed": b"2", "b": b"", "a": b""}, "2021-02-12")
    assert compare_manifests(old, new) == Changes(added=("a", "b"), changed=("changed",), removed=("removed",))
    assert compare_manifests(None, new) == Changes(added=("a", "b", "changed", "same"), changed=(), removed=())
    assert compare_manifests(new, new) == Changes(added=(), changed=(), removed=())
