"""The output folder: which folders may be one, whose files it may hold, what is written there and how."""

import errno
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import crash
import pytest

import rsm_site.output
import rsm_site.workers
from rsm_site.errors import OutputError, UsageError
from rsm_site.manifest import MANIFEST, compare_folder, encode_manifest, make_manifest
from rsm_site.output import check_output_folder, write_site


def site(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return `files` with their manifest."""
    return files | {MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))}


OLD = site({"index.html": b"old", "a/page.html": b"old page", "a/b/same.html": b"same"})
NEW = site({"index.html": b"new", "c/page.html": b"new page", "a/b/same.html": b"same"})


def state(folder: Path) -> dict[str, object]:
    """Return everything below `folder`: kind, mode, inode, time of change and content."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_ino, status.st_mtime_ns, content)
    return found


def content(folder: Path) -> dict[str, bytes]:
    """Return all files below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output folder that holds the old site."""
    write_site(OLD, tmp_path / "public")
    return tmp_path / "public"


@pytest.fixture
def umask() -> Iterator[None]:
    """Put the umask back."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_site_is_written_exactly(tmp_path: Path) -> None:
    """The folder holds exactly the files of the site, before and after a change, whatever their size."""
    for number, size in enumerate((0, 1, 4096, 3_000_000)):
        files = site({f"{number}/{size}.bin": os.urandom(size), "index.html": b"i", "ünï cödé/ß.html": b""})
        write_site(files, tmp_path / "deep/er/public")
        assert content(tmp_path / "deep/er") == {f"public/{path}": data for path, data in files.items()}
        assert compare_folder(tmp_path / "deep/er/public") == ()


def test_a_relative_output_is_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is taken from the working folder."""
    monkeypatch.chdir(tmp_path)
    write_site(OLD, Path("public"))
    assert content(tmp_path / "public") == OLD


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """An empty folder that someone made for the site is used."""
    (tmp_path / "public").mkdir()
    write_site(OLD, tmp_path / "public")
    assert content(tmp_path) == {f"public/{path}": data for path, data in OLD.items()}


def test_an_unchanged_site_is_left_alone(output: Path) -> None:
    """Writing the site that is already there changes nothing, not even a time or an inode."""
    before = state(output.parent)
    write_site(OLD, output)
    assert state(output.parent) == before


def test_an_unchanged_file_keeps_its_time(output: Path) -> None:
    """In a changed site the unchanged files keep the time of change that web servers and rsync tell."""
    os.utime(output / "a/b/same.html", (1_000_000_000, 1_000_000_000))
    write_site(NEW, output)
    assert content(output) == NEW
    assert (output / "a/b/same.html").stat().st_mtime == 1_000_000_000
    assert (output / "a/b/same.html").stat().st_nlink == 1


@pytest.mark.parametrize("files", [OLD, NEW], ids=["same site", "new site"])
@pytest.mark.parametrize("harm", ["changed", "same size", "missing", "longer", "unreadable manifest time"])
def test_what_someone_changed_in_a_made_file_is_mended(output: Path, files: dict[str, bytes], harm: str) -> None:
    """A file of the site that was changed, cut or deleted by hand is as it should be after the next build."""
    page = output / "a/b/same.html"
    match harm:
        case "changed":
            page.write_bytes(b"by hand")
        case "same size":
            before = page.stat()
            page.write_bytes(b"SAME")
            os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns))
        case "missing":
            page.unlink()
        case "longer":
            page.write_bytes(b"same and more")
        case _:
            os.utime(output / MANIFEST, (0, 0))
    write_site(files, output)
    assert content(output) == files


def test_a_copy_by_hard_links_is_not_changed(output: Path, tmp_path: Path) -> None:
    """A backup made of hard links keeps the old site: no file is ever written in place."""
    shutil.copytree(output, tmp_path / "backup", copy_function=os.link)
    write_site(NEW, output)
    assert content(tmp_path / "backup") == OLD


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027, 0o002])
def test_modes_follow_the_umask(output: Path, umask: None, mask: int) -> None:
    """Files and folders get the modes of any new file and folder, the unchanged ones too."""
    os.umask(mask)
    write_site(NEW, output)
    for path in [output, *output.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o777 if path.is_dir() else 0o666) & ~mask, path


def test_a_site_must_have_its_manifest_right(tmp_path: Path) -> None:
    """A site whose manifest lists other files is refused: the next build could not tell what is whose."""
    for files in (OLD | {"more.html": b""}, {path: data for path, data in OLD.items() if path != "index.html"}):
        with pytest.raises(OutputError, match=r"does not list the files"):
            write_site(files, tmp_path / "public")
    assert list(tmp_path.iterdir()) == []


def put_file(output: Path, path: str) -> None:
    (output / path).parent.mkdir(parents=True, exist_ok=True)
    (output / path).write_bytes(b"mine")


FOREIGN = {
    "file": lambda output: put_file(output, "notes.txt"),
    "hidden file": lambda output: put_file(output, ".git/config"),
    "file in a made folder": lambda output: put_file(output, "a/b/mine.html"),
    "empty folder": lambda output: (output / "empty").mkdir(),
    "link to a file": lambda output: (output / "link").symlink_to(output.parent / "outside/file"),
    "link to a folder": lambda output: (output / "link").symlink_to(output.parent / "outside"),
    "dangling link": lambda output: (output / "a/link").symlink_to("nowhere"),
    "pipe": lambda output: os.mkfifo(output / "pipe"),
    "link for a page": lambda output: (
        (output / "index.html").unlink(),
        (output / "index.html").symlink_to(output.parent / "outside/file"),
    ),
    "link for a folder": lambda output: (
        shutil.rmtree(output / "a"),
        (output / "a").symlink_to(output.parent / "outside"),
    ),
    "link for the manifest": lambda output: (
        (output / MANIFEST).rename(output.parent / "manifest"),
        (output / MANIFEST).symlink_to(output.parent / "manifest"),
    ),
    "folder for a page": lambda output: ((output / "index.html").unlink(), put_file(output, "index.html/mine")),
    "no manifest": lambda output: (output / MANIFEST).unlink(),
    "broken manifest": lambda output: (output / MANIFEST).write_bytes(b"{"),
    "another's manifest": lambda output: (output / MANIFEST).write_bytes(site({"other.html": b""})[MANIFEST]),
    "name of escapes": lambda output: (output / "\x1b[31m\n").write_bytes(b"mine"),
    "name of no character": lambda output: (output / os.fsdecode(b"\xff")).write_bytes(b"mine"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_no_build_made_is_never_touched(output: Path, kind: str) -> None:
    """An output folder that holds anything but an earlier build's work is refused by name, and nothing is touched."""
    (output.parent / "outside/b").mkdir(parents=True)
    (output.parent / "outside/file").write_bytes(b"outside")
    (output.parent / "outside/page.html").write_bytes(b"outside")
    FOREIGN[kind](output)
    before = state(output.parent)
    with pytest.raises(OutputError) as caught:
        write_site(NEW, output)
    assert state(output.parent) == before
    assert str(caught.value).isprintable()
    assert re.search("holds what no build made: |is not a readable manifest", str(caught.value))


def test_foreign_files_are_named_a_few_at_a_time(output: Path) -> None:
    """The first five names are told and the number of the rest, with what to do."""
    for number in range(12):
        (output / f"{number:02}.txt").write_bytes(b"")
    expected = f"{output} holds what no build made: 00.txt, 01.txt, 02.txt, 03.txt, 04.txt and 7 more; "
    with pytest.raises(OutputError, match=f"^{re.escape(expected)}move it elsewhere or choose another folder$"):
        write_site(NEW, output)


@pytest.mark.parametrize("kind", ["file", "link to a folder", "dangling link", "pipe"])
def test_an_output_that_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    """A file, link or pipe in the place of the output folder stays as it is."""
    (tmp_path / "outside").mkdir()
    path = tmp_path / "public"
    {
        "file": lambda: path.write_bytes(b"mine"),
        "link to a folder": lambda: path.symlink_to("outside"),
        "dangling link": lambda: path.symlink_to("nowhere"),
        "pipe": lambda: os.mkfifo(path),
    }[kind]()
    before = state(tmp_path)
    with pytest.raises(OutputError, match=r"public is not a folder$"):
        write_site(NEW, path)
    assert state(tmp_path) == before


@pytest.mark.parametrize("name", [".public.staging", ".public.replaced"])
@pytest.mark.parametrize("kind", ["file", "link", "folder of files", "site and a file"])
def test_what_stands_in_the_way_of_staging_is_kept(output: Path, name: str, kind: str) -> None:
    """What someone has under a name that a build uses beside the output is named and kept."""
    path = output.parent / name
    (output.parent / "outside").mkdir()
    (output.parent / "outside/file").write_bytes(b"mine")
    match kind:
        case "file":
            path.write_bytes(b"mine")
        case "link":
            path.symlink_to("outside")
        case "folder of files":
            put_file(path, "deep/mine.txt")
        case _:
            shutil.copytree(output, path)
            put_file(path, "a/mine.txt")
    with pytest.raises(OutputError, match=re.escape(name)):
        write_site(NEW, output)
    assert content(output) == OLD
    kept = {name: b"mine", f"{name}/file": b"mine", f"{name}/deep/mine.txt": b"mine", f"{name}/a/mine.txt": b"mine"}
    assert kept.items() & content(output.parent).items() or path.is_symlink()
    assert (output.parent / "outside/file").read_bytes() == b"mine"


def test_a_file_put_into_the_old_site_at_the_last_moment_is_kept(output: Path) -> None:
    """What someone puts into the old site between the check and the exchange is kept beside the new one, and told."""

    def at(number: int, event: str) -> None:
        if event == "os.rename":
            put_file(output, "a/late.txt")

    outcome = crash.run(lambda: write_site(NEW, output), output.parent, at)
    assert outcome.error == "OutputError"
    assert ".public.staging holds what no build made: a/late.txt" in outcome.message
    assert content(output) == NEW
    assert (output.parent / ".public.staging/a/late.txt").read_bytes() == b"mine"


def test_a_folder_that_may_not_be_emptied_is_refused_before_anything_is_done() -> None:
    """A site with a folder that the user may not change is refused at once; the old site stays."""
    parent = Path(tempfile.mkdtemp())  # another user, as root has to be here, cannot reach pytest's own folders
    parent.chmod(0o777)

    def job() -> None:
        if os.getuid() == 0:
            os.setuid(65534)
        write_site(OLD, parent / "public")
        (parent / "public/a").chmod(0o555)
        write_site(NEW, parent / "public")

    outcome = crash.run(job, parent)
    assert outcome.error == "OutputError"
    assert f"no permission to change {parent}/public/a" in outcome.message
    assert content(parent / "public") == OLD
    assert [path.name for path in parent.iterdir()] == ["public"]
    (parent / "public/a").chmod(0o755)
    shutil.rmtree(parent)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """An output below a file, or with a name too long for the disk, is told in a sentence."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot be written to .*: (Not a directory|File exists)"):
        write_site(NEW, tmp_path / "file/public")
    with pytest.raises(OutputError, match=r"cannot be written to .*: File name too long"):
        write_site(NEW, tmp_path / ("x" * 250))


def refuse(*_: object, **__: object) -> None:
    """Fail as a call does that a file system does not have."""
    raise OSError(errno.ENOTSUP, "Operation not supported")


def test_a_disk_without_locks_or_exchange_is_written_all_the_same(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither a lock on a folder nor an exchange nor links exist, the site is still written whole."""

    monkeypatch.setattr(rsm_site.output.fcntl, "flock", refuse)
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(rsm_site.output, "_renameat2", None)
    monkeypatch.setattr(rsm_site.output, "_renamex_np", None)
    write_site(NEW, output)
    assert content(output.parent) == {f"public/{path}": data for path, data in NEW.items()}


def test_many_files_are_written_quickly(tmp_path: Path) -> None:
    """Ten thousand files take seconds at most, and one change among them far less than all of them."""
    memory = Path("/dev/shm")
    folder = memory / f"many-{os.getpid()}" if os.access(memory, os.W_OK) else tmp_path / "many"
    files = {f"events/{number % 40}/{number}.html": b"x" * 2000 for number in range(10_000)}
    try:
        for change in (b"one", b"two"):
            built = site(files | {"index.html": change})
            started = time.perf_counter()
            write_site(built, folder / "public")
            assert time.perf_counter() - started < 3
        assert compare_folder(folder / "public") == ()
    finally:
        shutil.rmtree(folder)


def killed_beside(call: Callable[..., None]) -> Callable[..., None]:
    """Do as `call`, but in another process only three times."""
    parent, done = os.getpid(), []

    def do(*arguments: object, **options: object) -> None:
        call(*arguments, **options)
        done.append(arguments)
        if os.getpid() != parent and len(done) == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    return do


@pytest.mark.parametrize("fault", ["none", "the other process is killed", "no links", "no files without names"])
def test_a_site_of_many_files_is_written_exactly(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of the process that shares the work, and whatever the file system lacks, nothing is missing."""
    monkeypatch.setattr(rsm_site.workers, "can_fork", lambda: True)
    match fault:
        case "the other process is killed":
            monkeypatch.setattr(rsm_site.output, "_write_unnamed", killed_beside(rsm_site.output._write_unnamed))
        case "no links":
            monkeypatch.setattr(os, "link", refuse)
        case "no files without names":
            monkeypatch.setattr(rsm_site.output, "_UNNAMED", rsm_site.output._CREATE)
    for change in (b"one", b"two"):
        files = site({f"events/{number}.html": b"%d" % (number % 999) * 99 for number in range(999)} | {"a": change})
        write_site(files, tmp_path / "public")
        assert content(tmp_path) == {f"public/{path}": data for path, data in files.items()}
        assert compare_folder(tmp_path / "public") == ()
        assert {path.stat().st_nlink for path in tmp_path.rglob("*.html")} == {1}


def test_a_full_disk_is_told_by_whoever_writes(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that find no room for a file leave the old site, and say why."""
    monkeypatch.setattr(rsm_site.workers, "can_fork", lambda: True)
    files = site({f"{number}.html": b"x" * 99 for number in range(999)} | {"large": b"x" * 500_000})

    def write() -> None:
        crash.limit_file_size(400_000)
        write_site(files, output)

    outcome = crash.run(write, output.parent)
    assert (outcome.error, "File too large" in outcome.message) == ("OutputError", True)
    assert content(output.parent) == {f"public/{path}": data for path, data in OLD.items()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with content and templates, in a folder of a home."""
    for folder in ("content/pages", "templates", "build"):
        (tmp_path / "home/work/project" / folder).mkdir(parents=True)
    (tmp_path / "home/work/project/file").write_bytes(b"")
    (tmp_path / "home/work/link").symlink_to("project")
    (tmp_path / "home/work/project/linked").symlink_to("build")
    return tmp_path / "home/work/project"


def check(project: Path, output: Path) -> None:
    check_output_folder(
        output,
        project=project,
        protected=(project / "content", project / "templates"),
        home=project.parent.parent,
    )


@pytest.mark.parametrize("output", ["public", "build", "build/deep/public", "contents", "../elsewhere", "../../public"])
def test_a_folder_of_its_own_may_be_the_output(project: Path, output: str) -> None:
    """A folder in the project, beside it or elsewhere may be the output, there already or not."""
    check(project, project / output)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (".", "is {project}, which the site is made from"),
        ("build/..", "is {project}, which the site is made from"),
        ("../link", "is a symbolic link; name the folder itself"),
        ("../link/content", "is {project}/content, which the site is made from"),
        ("..", "holds {project}, which the site is made from"),
        ("content", "is {project}/content, which the site is made from"),
        ("content/pages", "is in {project}/content, which the site is made from"),
        ("content/public", "is in {project}/content, which the site is made from"),
        ("templates/a/b", "is in {project}/templates, which the site is made from"),
        ("../..", "is a home folder, or holds one"),
        ("../../..", "is a home folder, or holds one"),
        ("/", "is the root of the filesystem"),
        ("/proc", "is a mount point, which cannot be replaced as a whole; name a folder in it"),
        ("/dev/null", "is not a folder"),
        ("file", "is not a folder"),
        ("linked", "is a symbolic link; name the folder itself"),
    ],
)
def test_a_folder_that_must_stay_cannot_be_the_output(project: Path, output: str, reason: str) -> None:
    """The project, what holds it, its sources, a home, the root, a mount point, a link and a file are wrong use."""
    with pytest.raises(UsageError) as caught:
        check(project, project / output)
    assert str(caught.value) == f"the output folder {project / output} {reason.format(project=project)}"
    assert caught.value.exit_status == 2
