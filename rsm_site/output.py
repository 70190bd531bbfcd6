"""A site in memory -> a folder, replaced as a whole: whatever stops a build, the folder is the old site or the new one.

The steps, all in the folder that holds the output: lock; tidy up after a killed build; refuse if anything in the output
is not an earlier build's; write `.NAME.staging`, its manifest first; flush; exchange it with the output; remove what
was replaced, its manifest last. So what stands in `.NAME.staging` always has by it the record of what may be removed.
"""
# Each step is one plain call with its full path, so that it is seen from outside, and 10,000 files are quick:
# ruff: noqa: PTH100, PTH102, PTH103, PTH104, PTH106, PTH108, PTH112, PTH114, PTH116, PTH118, PTH120

import ctypes
import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rsm_site.errors import OutputError, UsageError
from rsm_site.manifest import MANIFEST, Listing, Manifest, decode_manifest, list_folder
from rsm_site.workers import map_in_two

if sys.platform != "win32":
    import fcntl

# What systems and filesystems answer that have no such call: an exchange on exFAT, a lock on a folder over NFS.
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOLCK}
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_UNNAMED = os.O_WRONLY | getattr(os, "O_TMPFILE", _CREATE)
_MANY = 500  # files: of fewer another process would cost more than it saves
_AT_FDCWD = -100
_SWAP = ctypes.c_uint(2)  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS alike

_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
_syncfs = getattr(_libc, "syncfs", None)
_renameat2 = getattr(_libc, "renameat2", None)
_renamex_np = getattr(_libc, "renamex_np", None)


def check_output_folder(output: Path, *, project: Path, protected: Sequence[Path], home: Path | None) -> None:
    """Raise UsageError if no site may ever be written to `output`.

    `project` may hold the output but not be it; the folders `protected` (content, templates) may not hold it either.
    """
    real = Path(os.path.realpath(output))
    kept = {Path(os.path.realpath(path)): path for path in (project, *protected)}
    if output.is_symlink():
        reason = "is a symbolic link; name the folder itself"
    elif real.exists() and not real.is_dir():
        reason = "is not a folder"
    elif real == Path(real.anchor):
        reason = "is the root of the filesystem"
    elif home and Path(os.path.realpath(home)).is_relative_to(real):
        reason = "is a home folder, or holds one"
    elif held := next((path for path in kept if path.is_relative_to(real)), None):
        reason = f"{'is' if held == real else 'holds'} {kept[held]}, which the site is made from"
    elif holder := next((path for path in protected if real.is_relative_to(os.path.realpath(path))), None):
        reason = f"is in {holder}, which the site is made from"
    elif real.is_mount():
        reason = "is a mount point, which cannot be replaced as a whole; name a folder in it"
    else:
        return
    raise UsageError(f"the output folder {output} {reason}")


def write_site(files: Mapping[str, bytes], output: Path, *, patience: float = 10) -> None:
    """Make `output` hold exactly `files` (path to content, the manifest among them) in one step.

    Waits up to `patience` seconds for another build to finish. Raises OutputError, with `output` as it was, if it holds
    what no build made, or cannot be written. A site that is already there byte for byte is left as it is.
    """
    manifest = decode_manifest(files[MANIFEST])
    if manifest.files.keys() | {MANIFEST} != files.keys():
        raise OutputError("the manifest of the site does not list the files of the site")
    target = os.path.abspath(output)
    staging = _beside(target, "staging")
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with _lock(target, patience) as parent:
            _tidy(target)
            old = _check_replaceable(target)
            if old == manifest and all(_is_same(f"{target}/{path}", content) for path, content in files.items()):
                return
            try:
                unchanged = dict(old.files.items() & manifest.files.items()) if old else {}
                _stage(files, staging, target, unchanged)
                _flush(parent)
                _replace(target, staging)
                _flush(parent)
            finally:
                _tidy(target)
    except OSError as error:
        raise OutputError(f"the site cannot be written to {output}: {_reason(error)}") from error


def read_file(path: str) -> bytes | None:
    """Return what a plain file holds; None for what is none, or cannot be read."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            return None
        descriptor = os.open(path, _READ)
        try:
            return os.read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError:
        return None


def _beside(target: str, role: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.{role}")


@contextmanager
def _lock(target: str, patience: float) -> Iterator[int | None]:
    """Give a descriptor of the folder above `target`, locked where it can be; the lock is no file and ends with us."""
    if sys.platform == "win32":  # has no descriptors of folders
        yield None
        return
    parent = os.open(os.path.dirname(target), os.O_RDONLY)
    try:
        for _ in range(1 + round(patience * 20)):
            try:
                fcntl.flock(parent, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
            except OSError as error:
                if error.errno in _UNSUPPORTED:
                    break
                raise
        else:
            raise OutputError(f"another build is writing beside {target}; try again when it is done")
        yield parent
    finally:
        os.close(parent)


def _tidy(target: str) -> None:
    """Remove an unfinished or a replaced site beside `target`; put back one moved away and not yet replaced."""
    staging, replaced = _beside(target, "staging"), _beside(target, "replaced")
    try:
        if not os.path.lexists(target) and os.path.lexists(f"{replaced}/{MANIFEST}"):
            os.rename(replaced, target)
        for leftover in (staging, replaced):
            try:
                with suppress(OSError):
                    _remove(leftover)
            finally:  # what an interrupt or a passing fault has left
                _remove(leftover)
    except OSError as error:
        raise OutputError(f"what a build left beside {target} cannot be removed: {_reason(error)}") from error


def _remove(root: str) -> None:
    """Remove the site in `root` by its manifest, the manifest last; raise OutputError naming what it does not list."""
    if not os.path.lexists(root):
        return
    if os.path.islink(root) or not os.path.isdir(root):
        raise OutputError(f"{root} is in the way, and no build made it; move it elsewhere")
    listing = list_folder(root)
    manifest = None
    with suppress(OutputError):  # killed while writing the manifest, a build has written nothing else
        manifest = _read_manifest(root, listing)
    foreign = set(_foreign(listing, manifest))
    kept = foreign | _folders({*foreign, MANIFEST})
    for path in listing.files:
        if path not in foreign and path != MANIFEST:
            os.unlink(f"{root}/{path}")
    for path in reversed(listing.folders):
        if path not in kept:
            os.rmdir(f"{root}/{path}")
    if foreign:
        raise OutputError(f"{root} holds what no build made: {_names(foreign)}; move it elsewhere and build again")
    if MANIFEST in listing.files:
        os.unlink(f"{root}/{MANIFEST}")
    for path in _folders({MANIFEST}) & {*listing.folders}:
        os.rmdir(f"{root}/{path}")
    os.rmdir(root)


def _check_replaceable(target: str) -> Manifest | None:
    """Return the manifest of the site in `target`, None if there is none; raise OutputError for what no build made."""
    if not os.path.lexists(target):
        return None
    if os.path.islink(target) or not os.path.isdir(target):
        raise OutputError(f"{target} is not a folder")
    listing = list_folder(target)
    manifest = _read_manifest(target, listing)
    if foreign := _foreign(listing, manifest):
        names = _names(foreign)
        raise OutputError(f"{target} holds what no build made: {names}; move it elsewhere or choose another folder")
    for folder in [target, *(f"{target}/{path}" for path in listing.folders)]:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"no permission to change {folder}, or its disk is read-only")
    return manifest


def _read_manifest(root: str, listing: Listing) -> Manifest | None:
    if MANIFEST not in listing.files:
        return None
    path = f"{root}/{MANIFEST}"
    with open(os.open(path, _READ), "rb") as file:  # noqa: PTH123 - never through a link
        return decode_manifest(file.read(), path)


def _foreign(listing: Listing, manifest: Manifest | None) -> list[str]:
    """Return all of `listing` that is neither in `manifest` nor the manifest itself."""
    made = {MANIFEST, *(manifest.files if manifest else ())}
    folders = _folders(made)
    strangers = [path for path in listing.files if path not in made]
    return strangers + [path for path in listing.folders if path not in folders] + listing.others


def _folders(paths: Iterable[str]) -> set[str]:
    """Return every folder above `paths`."""
    folders: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in folders:
            folders.add(path)
    return folders


def _stage(files: Mapping[str, bytes], staging: str, target: str, unchanged: Container[str]) -> None:
    """Write `files` to the new folder `staging`, the manifest first and to the disk: nothing is ever unaccounted for.

    A file that `target` has `unchanged` is linked, not written: quicker, and it keeps its time of change.
    """
    first = _folders({MANIFEST})
    for folder in ["", *sorted(first)]:
        os.mkdir(f"{staging}/{folder}")
    write = _write_first(f"{staging}/{MANIFEST}", files[MANIFEST], is_shared=len(files) >= _MANY)
    for folder in sorted(_folders(files) - first):
        os.mkdir(f"{staging}/{folder}")
    mode = os.stat(f"{staging}/{MANIFEST}").st_mode

    def put(paths: Iterable[str]) -> None:
        for path in paths:
            content = files[path]
            if path in unchanged and _is_same(f"{target}/{path}", content, mode):
                with suppress(OSError):  # a filesystem without links, a file of another user
                    os.link(f"{target}/{path}", f"{staging}/{path}")
                    continue
            write(f"{staging}/{path}", content, durable=_syncfs is None)

    paths = [path for path in files if path != MANIFEST]
    if write is _write:
        put(paths)
    else:
        map_in_two(put, paths)


def _is_same(path: str, content: bytes, mode: int | None = None) -> bool:
    """Tell whether a file holds exactly `content`, and has `mode` if one is given; one that cannot be read does not."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return False
    try:
        return mode in (None, os.fstat(descriptor).st_mode) and os.read(descriptor, len(content) + 1) == content
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _write_first(path: str, content: bytes, *, is_shared: bool) -> Callable[..., None]:
    """Write a file to the disk, and give the way in which it was written: of those that are `is_shared` by two
    processes where the system can."""
    if is_shared:
        with suppress(OSError):
            _write_unnamed(path, content, durable=True)
            return _write_unnamed
    _write(path, content, durable=True)
    return _write


def _write(path: str, content: bytes, *, durable: bool) -> None:
    descriptor = os.open(path, _CREATE, 0o666)
    try:
        _fill(descriptor, content, durable=durable)
    finally:
        os.close(descriptor)


def _write_unnamed(path: str, content: bytes, *, durable: bool) -> None:
    """Write a file that has its name only when it is whole: one that is there was written by a process that did not
    live to tell. Unlike files that are made by name, two of one folder can be made at once."""
    descriptor = os.open(os.path.dirname(path), _UNNAMED, 0o666)
    try:
        _fill(descriptor, content, durable=durable)
        with suppress(FileExistsError):
            # Without a descriptor Python would name the link in /proc, not what it leads to.
            os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _fill(descriptor: int, content: bytes, *, durable: bool) -> None:
    written = os.write(descriptor, content)
    while written < len(content):
        written += os.write(descriptor, memoryview(content)[written:])
    if durable:
        os.fsync(descriptor)


def _flush(parent: int | None) -> None:
    """Have the disk hold all that was written below the folder `parent`, in one call if the system has it."""
    if _syncfs is not None and _syncfs(parent):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if _syncfs is None and parent is not None:
        os.fsync(parent)


def _replace(target: str, staging: str) -> None:
    """Put `staging` in the place of `target`, in one step where the system has one; `_tidy` removes what was there."""
    if not os.path.lexists(target):
        os.rename(staging, target)
        return
    sys.audit("os.rename", staging, target, -1, -1)  # as Python does for its own calls: this one is seen too
    new, old = os.fsencode(staging), os.fsencode(target)
    status, reason = -1, errno.ENOSYS
    if _renameat2 is not None:
        status, reason = _renameat2(_AT_FDCWD, new, _AT_FDCWD, old, _SWAP), ctypes.get_errno()
    elif _renamex_np is not None:
        status, reason = _renamex_np(new, old, _SWAP), ctypes.get_errno()
    if status == 0:
        return
    if reason not in _UNSUPPORTED:
        raise OSError(reason, os.strerror(reason), target)
    os.rename(target, _beside(target, "replaced"))  # killed here, the next build's `_tidy` puts it back
    os.rename(staging, target)


def _names(paths: Iterable[str]) -> str:
    """Return the first few `paths` and the number of the rest; what a terminal should not get is escaped."""
    shown = [path if path.isprintable() else ascii(path) for path in sorted(paths)]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{reason}: {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else reason
