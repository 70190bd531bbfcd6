"""Releases in a folder: whole whatever happens, foreign files untouched, taken back in one step."""

import itertools
import multiprocessing
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import crash
import pytest
from peers import NOW, back, is_whole, publish, read_folder, release_of, site

from rsm_site.errors import PublishError, UsageError
from rsm_site.publish.deliver import Wishes, list_releases, publish_files
from rsm_site.publish.folder import FolderHost

A, B, C = site("a"), site("b", personnel="about 10,000"), site("c", events=3)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder for releases, in memory where there is one: hundreds of small publishes are quick there."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield folder / "www"
    shutil.rmtree(folder)


def host(root: Path, keep: int = 3) -> FolderHost:
    """Return the host that publishes to `root` and waits for nobody."""
    return FolderHost(root, keep, wait=0)


def everything(root: Path) -> dict[str, bytes]:
    """Return all that stands below `root`, links and folders too."""
    found = {}
    for path in sorted(root.rglob("*")):
        data = str(path.readlink()).encode() if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
        found[path.relative_to(root).as_posix()] = data
    return found


def test_a_publish_makes_a_release_and_links_to_it(root: Path) -> None:
    """The release stands under its id, `current` leads to it, and a web server may read all of it."""
    os.umask(0o077)
    try:
        said = publish(host(root), A)
    finally:
        os.umask(0o022)
    assert str((root / "current").readlink()) == f"releases/{release_of(A)}"
    assert is_whole(read_folder(root / "current"), [A]) == 0
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (root / "releases").rglob("*")}
    assert modes == {0o755, 0o644}
    assert said[0] == f"{root} gets release {release_of(A)}, its first:"
    assert said[-1] == f"Published release {release_of(A)} to {root}; all 9 files read back as they should be."


def test_the_last_releases_are_kept(root: Path) -> None:
    """Three are kept, older ones go, and what is the same in them is stored once."""
    for version in "abcde":
        publish(host(root), site(version))
    kept = {release_of(site(version)) for version in "cde"}
    assert {path.name for path in (root / "releases").iterdir()} == kept
    assert len({(root / f"releases/{release}/about.html").stat().st_ino for release in kept}) == 1
    assert [each.manifest.release for each in list_releases(host(root))] == [release_of(site(each)) for each in "edc"]


def test_an_unchanged_site_sends_nothing_and_says_so(root: Path) -> None:
    """Published again, nothing on the target changes, not even a time."""
    publish(host(root), A)
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    assert publish(host(root), A) == [
        f"{root} has release {release_of(A)} already: nothing to send.",
        "All 9 files of it are as they should be.",
    ]
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_dry_run_touches_nothing(root: Path) -> None:
    """It says what would change, in claims and files, and leaves the target as it is, or absent."""
    assert publish(host(root), A, dry_run=True)[-1] == "Nothing was sent: this was a dry run."
    assert not root.exists()
    publish(host(root), A)
    before = everything(root)
    said = publish(host(root), B, dry_run=True)
    assert said[1] == "  Personnel: about 13,000 to about 10,000"
    assert everything(root) == before


def test_the_answer_decides(root: Path) -> None:
    """What is asked is shown before; no leaves all as it is, yes publishes."""
    publish(host(root), A)
    before = everything(root)
    questions: list[str] = []
    no = Wishes(published=NOW, ask=lambda question: bool(questions.append(question)))
    assert not publish_files(host(root), B, no)
    assert (questions, everything(root)) == ([f"Publish to {root}?"], before)
    assert publish_files(host(root), B, Wishes(published=NOW, ask=lambda _question: True))
    assert is_whole(read_folder(root / "current"), [B]) == 0


def test_what_changes_while_somebody_is_asked_is_not_published_over(root: Path) -> None:
    """When another publish comes between the question and the answer, ours stops with a sentence."""
    publish(host(root), A)

    def answer(_question: str) -> bool:
        publish(host(root), C)
        return True

    with pytest.raises(PublishError, match="was changed while you were asked; nothing was sent"):
        publish_files(host(root), B, Wishes(published=NOW, ask=answer))
    assert is_whole(read_folder(root / "current"), [C]) == 0


def test_a_rollback_goes_back_and_forth(root: Path) -> None:
    """Without an id it goes to the release before, and from there back again; with one it goes where it says."""
    for files in (A, B, C):
        publish(host(root), files)
    for release, expected in (("", B), ("", C), (release_of(A)[:5], A), ("", C)):
        said = back(host(root), release)
        assert is_whole(read_folder(root / "current"), [expected]) == 0
        assert "read back as they should be" in said[-1]
    assert len(list_releases(host(root))) == 3


def test_a_rollback_that_cannot_be_is_told(root: Path) -> None:
    """Nothing there, nothing before, an unknown id, a damaged release: a sentence each, and nothing is changed."""
    with pytest.raises(PublishError, match=r"nothing is published at .* yet"):
        back(host(root))
    publish(host(root), A)
    with pytest.raises(PublishError, match="there is no release before"):
        back(host(root))
    publish(host(root), B)
    with pytest.raises(UsageError, match=f"there is no release 'zz' at .*; there are {release_of(B)}, {release_of(A)}"):
        back(host(root), "zz")
    (root / f"releases/{release_of(A)}/about.html").write_bytes(b"x")
    before = everything(root)
    with pytest.raises(PublishError, match=r"is not whole any more at .*: about.html is missing or changed"):
        back(host(root))
    assert everything(root) == before


@pytest.mark.parametrize("damage", ["changed", "missing", "kept asset changed", "kept asset missing", "link"])
def test_damage_is_put_right(root: Path, damage: str) -> None:
    """Publishing the same site again repairs what somebody changed or removed on the target."""
    publish(host(root), A)
    publish(host(root), B)
    kept = next(path for path in A if path.endswith(".css"))
    victim = root / "current" / (kept if damage.startswith("kept") else "about.html")
    victim.unlink()
    if damage.endswith("changed"):
        victim.write_bytes(b"something else")
    elif damage == "link":
        victim.symlink_to("/etc/hostname")
    publish(host(root), B)
    assert is_whole(read_folder(root / "current"), [B]) == 0
    assert publish(host(root), B)[-1].startswith("All ")
    assert publish(host(root), C)[-1].startswith("Published ")


@pytest.mark.parametrize("first", [False, True], ids=["next release", "first release"])
def test_a_kill_before_any_event_leaves_a_whole_site(root: Path, first: bool) -> None:
    """Killed before its n-th file-system event, a publish leaves the old or the new release, and the next completes."""
    seen = set()
    for number in itertools.count(1, 1 if first else 2):
        shutil.rmtree(root, ignore_errors=True)
        if not first:
            publish(host(root, 5), A)
            publish(host(root, 5), C)
        outcome = crash.run(lambda: publish(host(root, 5), B), root.parent, crash.kill(number))
        if (root / "current").exists():
            seen.add(is_whole(read_folder(root / "current"), [C, B]))
        publish(host(root, 5), site("next"))
        assert is_whole(read_folder(root / "current"), [site("next")]) == 0
        assert not [path for path in (root / "releases").iterdir() if path.name.startswith(".")]
        if not first:
            back(host(root, 5), release_of(A))  # nothing is lost
        if not outcome.killed:
            break
    assert seen == ({1} if first else {0, 1})


def test_a_kill_during_a_rollback_loses_nothing(root: Path) -> None:
    """Killed before its n-th event, a rollback leaves one of the two releases live, and both to go to."""
    for number in itertools.count(1, 5):
        shutil.rmtree(root, ignore_errors=True)
        publish(host(root), A)
        publish(host(root), B)
        outcome = crash.run(lambda: back(host(root)), root.parent, crash.kill(number))
        assert is_whole(read_folder(root / "current"), [A, B]) >= 0
        publish(host(root), C)
        for files in (A, B):
            back(host(root), release_of(files))
            assert is_whole(read_folder(root / "current"), [files]) == 0
        if not outcome.killed:
            break


def test_each_event_may_fail(root: Path) -> None:
    """When the n-th event fails for lack of space, there is a sentence and a whole site; the next publish completes."""
    publish(host(root), A)
    for number in itertools.count(1, 3):
        no_space = OSError(28, "No space left on device", "somewhere")
        outcome = crash.run(lambda: publish(host(root), B), root.parent, crash.fail(number, no_space))
        assert outcome.error in ("", "PublishError"), outcome
        assert "\n" not in outcome.message
        assert is_whole(read_folder(root / "current"), [A, B]) >= 0
        publish(host(root), A)
        if number > len(outcome.events):
            break


def _put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"somebody's")


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "file": (lambda root: _put(root / "index.html"), "index.html"),
    "hidden file": (lambda root: _put(root / ".htaccess"), ".htaccess"),
    "folder": (lambda root: _put(root / "logs/today"), "logs"),
    "in releases": (lambda root: _put(root / "releases/notes.txt"), "releases/notes.txt"),
    "empty folder in releases": (
        lambda root: (root / "releases/0123456789abcdef").mkdir(),
        "releases/0123456789abcdef",
    ),
    "in a release": (lambda root: _put(root / "current/extra.html"), f"releases/{release_of(A)}/extra.html"),
    "link in a release": (lambda root: (root / "current/l").symlink_to("/etc"), f"releases/{release_of(A)}/l"),
    "fifo": (lambda root: os.mkfifo(root / "pipe"), "pipe"),
    "several": (lambda root: [_put(root / name) for name in "vwxyz"], "v, w, x and 2 more"),
    "escape": (lambda root: _put(root / "a\x1b[1m"), "a\\u001b[1m"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_files_are_refused_and_left_alone(root: Path, kind: str) -> None:
    """A target that holds what no publish made is named in a sentence and stays exactly as it is."""
    publish(host(root), A)
    make, name = FOREIGN[kind]
    make(root)
    before = set(root.rglob("*"))
    with pytest.raises(PublishError) as caught:
        publish(host(root), B)
    assert str(caught.value).startswith(f"{root} holds what no publish made: {name};")
    assert str(caught.value).isprintable()
    assert set(root.rglob("*")) == before


def test_a_folder_of_somebody_else_is_not_moved_into(root: Path) -> None:
    """A first publish into a folder that has a site of another make adds nothing to it."""
    _put(root / "index.html")
    with pytest.raises(PublishError, match=r"holds what no publish made: index.html; nothing was sent"):
        publish(host(root), A)
    assert everything(root) == {"index.html": b"somebody's"}


def test_other_targets_than_ours_are_refused(root: Path) -> None:
    """A file for a folder, a folder for the link, a link that leads elsewhere: a sentence each."""
    root.write_bytes(b"")
    with pytest.raises(PublishError, match=r"is not a folder|Not a directory|File exists"):
        publish(host(root), A)
    root.unlink()
    (root / "current").mkdir(parents=True)
    with pytest.raises(PublishError, match="holds what no publish made: current"):
        publish(host(root), A)
    (root / "current").rmdir()
    (root / "current").symlink_to("/etc")
    with pytest.raises(PublishError, match="leads to '/etc', which is no release; remove it"):
        publish(host(root), A)


def test_a_folder_of_a_release_that_became_a_link_is_not_written_through(root: Path) -> None:
    """When a folder of the live release is a link out of it, nothing is written where it leads."""
    publish(host(root), A)
    outside = root.parent / "outside"
    (root / "current/events").rename(outside)
    (root / "current/events").symlink_to(outside)
    before = everything(outside)
    with pytest.raises(PublishError, match=r"holds what no publish made: .*/events"):
        publish(host(root), A)
    assert everything(outside) == before


def test_a_name_that_the_disk_cannot_hold_is_told(root: Path) -> None:
    """A file name of 300 characters ends in a sentence, and the old release stays."""
    publish(host(root), A)
    name = "x" * 300 + ".html"
    from rsm_site.manifest import MANIFEST, encode_manifest, make_manifest

    files = {path: content for path, content in B.items() if path != MANIFEST} | {name: b""}
    with pytest.raises(PublishError, match="cannot be published to: File name too long"):
        publish(host(root), {**files, MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))})
    assert is_whole(read_folder(root / "current"), [A]) == 0


def test_a_full_disk_leaves_the_old_release(tmp_path: Path) -> None:
    """On small disks of several sizes a publish ends in a sentence about space, or is whole."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount small filesystems: run the tests with sudo for this one")
    disk = tmp_path / "disk"
    disk.mkdir()
    big = site("b")
    seen = set()
    for size in (44, 48, 56, 64, 96):
        options = f"size={size}k"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=False)
        if done.returncode:
            assert os.environ.get("CI") != "true"
            pytest.skip("cannot mount small filesystems here")
        try:
            publish(host(disk / "www"), A)
            try:
                publish(host(disk / "www"), big)
                seen.add("published")
            except PublishError as error:
                assert "No space left on device" in str(error)  # noqa: PT017 - either is right
                seen.add("refused")
            assert is_whole(read_folder(disk / "www/current"), [A, big]) >= 0
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    assert seen == {"published", "refused"}


def test_of_two_publishes_at_once_one_waits_or_is_told(root: Path) -> None:
    """While one holds the target, another that does not wait is told so; one that waits comes after it."""
    publish(host(root), A)
    with host(root).opened(lock=True):
        with pytest.raises(PublishError, match=f"another publish to {root} is under way; try again when it is done"):
            publish(host(root), B)
        publish(host(root), B, dry_run=True)
    assert is_whole(read_folder(root / "current"), [A]) == 0
    jobs = [multiprocessing.Process(target=publish, args=(FolderHost(root, 5), site(name))) for name in "wxyz"]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0, 0, 0]
    assert is_whole(read_folder(root / "current"), [site(name) for name in "wxyz"]) >= 0
    assert len(list_releases(host(root))) == 5


def test_no_permission_is_told(root: Path) -> None:
    """A folder that this user may not change ends in a sentence."""
    publish(host(root), A)
    error = PermissionError(13, "Permission denied", str(root / "releases"))
    outcome = crash.run(lambda: publish(host(root), B), root, crash.fail(1, error, lasting=True))
    assert outcome.message == f"{root} cannot be published to: Permission denied: {root}/releases"


def test_many_deletions_are_refused_until_allowed(root: Path) -> None:
    """A site that lost most of its pages is not published by mistake; a rollback to one is."""
    many, few = site("a", events=20), site("a", events=20, removed=20)
    publish(host(root), many)
    said: list[str] = []
    for dry_run in (True, False):
        with pytest.raises(PublishError, match="this would delete 20 of the 25 files"):
            publish_files(host(root), few, Wishes(published=NOW, say=said.append, dry_run=dry_run))
        assert said.pop().endswith("; 20 pages to delete")
    assert is_whole(read_folder(root / "current"), [many]) == 0
    publish(host(root), few, allow_deletions=True)
    assert is_whole(read_folder(root / "current"), [few]) == 0
    publish(host(root), many)
    back(host(root))
    assert is_whole(read_folder(root / "current"), [few]) == 0
