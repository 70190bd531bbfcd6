"""Promise 6: the output folder is the whole old site or the whole new site, always, whatever kills the build."""
# ruff: noqa: B023 - a job is done before its loop goes on

import errno
import itertools
import mmap
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import crash
import pytest

import rsm_site.output
import rsm_site.workers
from rsm_site.errors import OutputError
from rsm_site.manifest import MANIFEST, compare_folder, encode_manifest, make_manifest
from rsm_site.output import write_site


def site(version: str, *paths: str) -> dict[str, bytes]:
    """Return a site whose files tell their version and path."""
    files = {path: f"{version} {path}\n".encode() * 50 for path in paths}
    files |= {"same.txt": b"the same in all versions", "kept/same.svg": b"<svg/>", "empty.txt": b""}
    return files | {MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))}


OLD = site("old", "index.html", "assets/a.css", "gone/deep/page.html", "gone.html")
NEW = site("new", "index.html", "assets/a.css", "assets/b.css", "events/one.html")


def snapshot(folder: Path) -> dict[str, bytes] | None:
    """Return all files below `folder`, None if there is no folder."""
    if not folder.exists():
        return None
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left(parent: Path) -> list[str]:
    """Return what stands beside the output."""
    return sorted(path.name for path in parent.iterdir() if path.name != "public")


def reset(parent: Path, start: dict[str, bytes] | None) -> Path:
    """Return the output below `parent`, emptied and made to hold `start` again."""
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir()
    if start is not None:
        write_site(start, parent / "public")
    return parent / "public"


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of small builds are quick there."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield folder / "site"
    shutil.rmtree(folder)


@pytest.fixture(params=["one step", "two steps"])
def exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether the system can exchange two folders in one step, as Linux and macOS can."""
    if request.param == "two steps":
        monkeypatch.setattr(rsm_site.output, "_renameat2", None)
        monkeypatch.setattr(rsm_site.output, "_renamex_np", None)
    elif rsm_site.output._renameat2 is None and rsm_site.output._renamex_np is None:
        pytest.skip("this system cannot exchange two folders in one step")
    return str(request.param)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a small filesystem in memory with the options given; skipped where that is not allowed."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def unmount() -> None:
        while os.path.ismount(folder):
            subprocess.run(["umount", str(folder)], check=True)

    def mount(options: str) -> Path:
        unmount()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() != 0:
            pytest.skip("only root can mount small filesystems: run the tests with sudo for this one")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            assert os.environ.get("CI") != "true", done.stderr
            pytest.skip(f"cannot mount small filesystems here: {done.stderr.strip()}")
        return folder

    yield mount
    unmount()


@pytest.mark.parametrize("start", [OLD, None], ids=["rebuild", "first build"])
def test_a_kill_before_any_event_leaves_the_old_or_the_new_site(
    parent: Path, exchange: str, start: dict[str, bytes] | None
) -> None:
    """Killed before its n-th event, a build leaves the old or the new site, and the next build tidies up."""
    seen = set()
    for number in itertools.count(1):
        output = reset(parent, start)
        outcome = crash.run(lambda: write_site(NEW, output), parent, crash.kill(number))
        found = snapshot(output)
        if exchange == "two steps" and found is None:
            assert snapshot(parent / ".public.replaced") == start
        else:
            assert found in (start, NEW), number
        seen.add("new" if found == NEW else "old")
        write_site(site("next", "other.html"), output)
        assert snapshot(output) == site("next", "other.html"), number
        assert left(parent) == [], number
        if not outcome.killed:
            break
    assert outcome.error == ""
    assert number > 25
    assert seen == {"old", "new"}


def test_a_kill_of_two_processes_that_write_leaves_the_old_or_the_new_site(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that write a site of many files, each killed before its n-th event, leave what one leaves."""
    monkeypatch.setattr(rsm_site.output, "_MANY", 0)
    monkeypatch.setattr(rsm_site.workers, "ENOUGH", 0)
    monkeypatch.setattr(rsm_site.workers, "can_fork", lambda: True)
    for number in itertools.count(1):
        output = reset(parent, OLD)
        outcome = crash.run(lambda: write_site(NEW, output), parent, crash.kill(number))
        assert snapshot(output) in (OLD, NEW), number
        write_site(site("next", "other.html"), output)
        assert (snapshot(output), left(parent)) == (site("next", "other.html"), []), number
        if not outcome.killed:
            break
    assert outcome.error == ""
    assert number > 25


def test_a_kill_while_tidying_up_after_a_kill_loses_nothing(parent: Path, exchange: str) -> None:
    """A second build killed at any point while it tidies up after a first leaves a whole site for the third."""
    length = len(crash.run(lambda: write_site(NEW, reset(parent, OLD)), parent).events)
    after = site("next", "other.html")
    for first in range(2, length, 13):
        for second in itertools.count(1, 7):
            output = reset(parent, OLD)
            crash.run(lambda: write_site(NEW, output), parent, crash.kill(first))
            outcome = crash.run(lambda: write_site(after, output), parent, crash.kill(second))
            if not (exchange == "two steps" and not output.exists()):
                assert snapshot(output) in (OLD, NEW, after), (first, second)
            write_site(NEW, output)
            assert (snapshot(output), left(parent)) == (NEW, []), (first, second)
            if not outcome.killed:
                break


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS], ids=errno.errorcode.get)
def test_any_event_may_fail_once(parent: Path, exchange: str, code: int) -> None:
    """When one event fails, the build succeeds all the same or says why in a sentence; nothing is left beside it."""
    for number in itertools.count(1):
        output = reset(parent, OLD)
        failure = OSError(code, os.strerror(code))
        outcome = crash.run(lambda: write_site(NEW, output), parent, crash.fail(number, failure))
        assert outcome.error in ("", "OutputError"), (number, outcome)
        assert (os.strerror(code) in outcome.message) == bool(outcome.error), (number, outcome)
        assert snapshot(output) in ((OLD, NEW) if outcome.error else (NEW,)), (number, outcome)
        assert left(parent) == [], (number, outcome)
        if len(outcome.events) < number:
            break
    assert number > 30


def test_everything_may_fail_from_some_event_on(parent: Path, exchange: str) -> None:
    """When a disk dies in the midst of a build, a sentence says so, a whole site stays, and a later build tidies up."""
    for number in itertools.count(1):
        output = reset(parent, OLD)
        failure = OSError(errno.EIO, os.strerror(errno.EIO))
        outcome = crash.run(lambda: write_site(NEW, output), parent, crash.fail(number, failure, lasting=True))
        if len(outcome.events) < number:
            break
        assert outcome.error == "OutputError", number
        if not (exchange == "two steps" and not output.exists()):
            assert snapshot(output) in (OLD, NEW), number
        write_site(NEW, output)
        assert (snapshot(output), left(parent)) == (NEW, []), number


def test_an_interrupt_before_any_event_tidies_up(parent: Path, exchange: str) -> None:
    """Interrupted at any event, a build leaves the old or the new site and nothing beside it."""
    for number in itertools.count(1):
        output = reset(parent, OLD)
        outcome = crash.run(lambda: write_site(NEW, output), parent, crash.fail(number, KeyboardInterrupt()))
        assert snapshot(output) in (OLD, NEW), number
        assert left(parent) == [], number
        if len(outcome.events) < number:
            break
        assert outcome.error == "KeyboardInterrupt", number


def test_the_order_is_written_flushed_exchanged_removed(parent: Path) -> None:
    """All is on the disk before the exchange, and that before anything old is removed; full paths tell each step."""
    output = reset(parent, OLD)
    events = crash.run(lambda: write_site(NEW, output), parent).events
    steps = [event for event, *_ in events]
    rename = steps.index("os.rename")
    assert events[rename] == ["os.rename", str(parent / ".public.staging"), str(output)]
    assert steps[:rename].count("os.write") == len(NEW) - 3  # three files are the same and only linked
    assert steps[rename - 1] == steps[rename + 1] == "syncfs"
    assert max(index for index, step in enumerate(steps) if step in ("os.write", "os.link", "os.mkdir")) < rename
    assert min(index for index, step in enumerate(steps) if step in ("os.remove", "os.rmdir")) > rename
    assert all(Path(path).is_absolute() for _, *paths in events for path in paths)


def test_without_a_flush_of_all_each_file_is_flushed(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that cannot flush a filesystem at once has each written file flushed before the exchange."""
    monkeypatch.setattr(rsm_site.output, "_syncfs", None)
    output = reset(parent, OLD)
    steps = [event for event, *_ in crash.run(lambda: write_site(NEW, output), parent).events]
    assert (
        steps[: steps.index("os.rename")].count("os.fsync") == len(NEW) - 3 + 1
    )  # the manifest among them, and the folder
    assert snapshot(output) == NEW


def test_a_disk_of_any_small_size(mounted: Callable[[str], Path]) -> None:
    """On disks too small for both sites the old one stays, with a sentence; on large enough ones the new one comes."""
    results = []
    large = site("new", "index.html") | {"big.bin": bytes(60_000)}
    large[MANIFEST] = encode_manifest(make_manifest(large, "2021-02-11"))
    for kilobytes in range(40, 140, 5):
        parent = mounted(f"size={kilobytes}k")
        write_site(OLD, parent / "public")
        try:
            write_site(large, parent / "public")
            reason = ""
        except OutputError as error:
            reason = str(error)
        assert snapshot(parent / "public") == (OLD if reason else large)
        assert reason == "" or "No space left on device" in reason
        results.append(not reason)
        assert left(parent) == []
    assert results == sorted(results)
    assert set(results) == {True, False}


def test_a_disk_of_few_inodes(mounted: Callable[[str], Path]) -> None:
    """On disks with too few inodes for both sites the old one stays, with a sentence."""
    results = []
    for inodes in range(16, 36):
        parent = mounted(f"nr_inodes={inodes}")
        write_site(OLD, parent / "public")
        try:
            write_site(NEW, parent / "public")
            reason = ""
        except OutputError as error:
            reason = str(error)
        assert snapshot(parent / "public") == (OLD if reason else NEW)
        assert reason == "" or "No space left on device" in reason
        results.append(not reason)
        assert left(parent) == []
    assert results == sorted(results)
    assert set(results) == {True, False}


def test_a_read_only_disk(mounted: Callable[[str], Path]) -> None:
    """On a read-only disk the old site stays, with a sentence."""
    parent = mounted("size=1m")
    write_site(OLD, parent / "public")
    subprocess.run(["mount", "-o", "remount,ro", str(parent)], check=True)
    with pytest.raises(OutputError, match=r"no permission to change .*/public, or its disk is read-only"):
        write_site(NEW, parent / "public")
    with pytest.raises(OutputError, match="Read-only file system"):
        write_site(NEW, parent / "other")
    assert snapshot(parent / "public") == OLD
    assert left(parent) == []


@pytest.mark.parametrize("limit", [0, 1, 100, 600, 1500])
def test_a_limit_of_file_size(parent: Path, limit: int) -> None:
    """A process that may not write large files leaves the old site, with a sentence."""
    output = reset(parent, OLD)
    large = NEW | {"big.bin": b"x" * 2000}
    large[MANIFEST] = encode_manifest(make_manifest(large, "2021-02-11"))

    def job() -> None:
        crash.limit_file_size(limit)
        write_site(large, output)

    outcome = crash.run(job, parent)
    assert outcome.error == "OutputError"
    assert "File too large" in outcome.message
    assert (snapshot(output), left(parent)) == (OLD, [])


def test_readers_meet_whole_files_only(tmp_path: Path) -> None:
    """Three readers, 100,000 reads, at least twenty rebuilds: each file is there, whole, no older than the last."""
    names = [f"{folder}/page-{number}.html" for folder in ("a", "b/c", "d") for number in range(8)]
    output, versions = tmp_path / "public", 400
    write_site(site("0000", *names), output)
    shared = mmap.mmap(-1, 4096)  # words: stop, faults, then the reads of each reader

    def word(index: int, add: int = 0) -> int:
        (value,) = struct.unpack_from("q", shared, index * 8)
        if add:
            struct.pack_into("q", shared, index * 8, value + add)
        return int(value)

    def read_on(reader: int) -> None:
        newest = b"0000"
        for name in itertools.cycle(names):
            try:
                content = (output / name).read_bytes()
            except OSError:
                content = b""
            version = content[:4]
            whole = content == f"{version.decode()} {name}\n".encode() * 50
            word(1, add=int(not whole or version < newest))
            newest = max(version, newest)
            word(2 + reader, add=1)
            if word(0):
                os._exit(0)

    children = []
    for reader in range(3):
        children.append(os.fork())
        if children[-1] == 0:
            try:
                read_on(reader)
            finally:
                os._exit(1)
    try:
        for version in range(1, versions):
            write_site(site(f"{version:04}", *names), output)
            if version >= 20 and sum(word(2 + reader) for reader in range(3)) >= 100_000:
                break
    finally:
        word(0, add=1)
        statuses = [os.waitpid(child, 0)[1] for child in children]
    assert statuses == [0, 0, 0]
    assert sum(word(2 + reader) for reader in range(3)) >= 100_000
    assert word(1) == 0


@pytest.mark.parametrize("count", [2, 4])
def test_builds_at_once_wait_for_each_other(tmp_path: Path, count: int) -> None:
    """Two or four builds of one folder at once all succeed, one after the other, and the last one's site is whole."""
    output = tmp_path / "public"
    sites = [site(f"rival {rival}", "index.html", f"only/{rival}.html") for rival in range(count)]
    children = []
    for rival in range(count):
        children.append(os.fork())
        if children[-1] == 0:
            try:
                for _ in range(5):
                    write_site(sites[rival], output, patience=60)
                os._exit(0)
            finally:
                os._exit(1)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * count
    assert snapshot(output) in sites
    assert compare_folder(output) == ()
    assert left(tmp_path) == []


def test_a_second_build_that_has_waited_enough_says_so(parent: Path) -> None:
    """While another build stands still in its work, a second one says so after its wait and touches nothing."""
    output = reset(parent, OLD)
    child = os.fork()
    if child == 0:
        stop = lambda n, event: os.kill(os.getpid(), signal.SIGSTOP) if n == 20 else None  # noqa: E731
        try:
            crash._become(lambda: write_site(NEW, output), parent, stop, os.open(os.devnull, os.O_WRONLY))
        finally:
            os._exit(1)
    try:
        os.waitpid(child, os.WUNTRACED)
        before = snapshot(parent)
        started = time.monotonic()
        with pytest.raises(OutputError, match="another build is writing beside"):
            write_site(site("second", "index.html"), output, patience=0.2)
        assert 0.1 < time.monotonic() - started < 5
        assert snapshot(parent) == before
    finally:
        os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)
    assert status == 0
    assert (snapshot(output), left(parent)) == (NEW, [])
