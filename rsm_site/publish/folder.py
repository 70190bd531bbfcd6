"""Releases in a folder of this machine."""
# Each step is one plain call with its full path, so that it is seen from outside:
# ruff: noqa: PTH102, PTH103, PTH104, PTH108, PTH115, PTH211

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rsm_site.errors import PublishError
from rsm_site.manifest import FileRecord, list_folder
from rsm_site.publish.releases import CURRENT, NEXT_LINK, RELEASES, ReleasesHost, Standing

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EBADF}


class FolderHost(ReleasesHost):
    """Releases in `path`, which a web server serves as `path`/current."""

    def __init__(self, path: Path, keep: int, *, wait: float = 5) -> None:
        """Wait up to `wait` seconds for another publish to finish."""
        self.root = os.path.abspath(path)  # noqa: PTH100 - links in it are left as they are
        self.place = self.root
        self.keep = keep
        self.wait = wait

    @contextmanager
    def opened(self, *, lock: bool) -> Iterator[None]:
        """See Host."""
        try:
            if lock:
                os.makedirs(self.root, 0o755, exist_ok=True)
                with self._locked():
                    self._tidy()
                    yield
            else:
                yield
        except OSError as error:
            raise PublishError(f"{self.place} cannot be published to: {_reason(error)}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold a lock on the folder itself; it is no file, and ends with this process."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            for attempt in range(1 + round(self.wait * 10)):
                try:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if attempt < round(self.wait * 10):
                        time.sleep(0.1)
                except OSError as error:
                    if error.errno not in _NO_LOCKS:  # some network disks have none
                        raise
                    break
            else:
                raise PublishError(f"another publish to {self.place} is under way; try again when it is done")
            yield
        finally:
            os.close(folder)

    def _standing(self) -> Standing:
        if not os.path.lexists(self.root):
            return Standing(frozenset(), frozenset(), {}, frozenset())
        if not Path(self.root).is_dir():
            raise PublishError(f"{self.place} is not a folder")
        listing = list_folder(self.root)
        links = {path: os.readlink(f"{self.root}/{path}") for path in listing.others if self._is_link(path)}
        others = frozenset(listing.others) - links.keys()
        return Standing(frozenset(listing.files), frozenset(listing.folders), links, others)

    def _is_link(self, path: str) -> bool:
        return Path(f"{self.root}/{path}").is_symlink()

    def _read(self, path: str) -> bytes | None:
        try:
            return Path(f"{self.root}/{path}").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _fetch(self, folder: str, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: content for path in paths if (content := self._read(f"{folder}/{path}")) is not None}

    def _hashes(self, folder: str) -> dict[str, str]:
        root = f"{self.root}/{folder}"
        listing = list_folder(root)
        hashes = {path: hashlib.sha256(Path(f"{root}/{path}").read_bytes()).hexdigest() for path in listing.files}
        return hashes | dict.fromkeys(listing.others, "")

    def _stage(self, files: Mapping[str, bytes], kept: Mapping[str, FileRecord], sources: Sequence[str]) -> None:
        made: set[str] = set()
        self._make_folders(f"{self._staging}/", made)
        for path in sorted({*files, *kept}):
            self._make_folders(f"{self._staging}/{path}", made)
            content = files.get(path)
            wanted = hashlib.sha256(content).hexdigest() if content is not None else kept[path].sha256
            if not self._link(path, wanted, sources) and content is not None:
                self._write(f"{self.root}/{self._staging}/{path}", content)
        for folder in sorted(made, reverse=True):
            _flush(folder)

    def _link(self, path: str, wanted: str, sources: Sequence[str]) -> bool:
        """Take `path` from the first release that has it with the SHA-256 `wanted`; False when none has."""
        for source in sources:
            content = self._read(f"{source}/{path}")
            if content is None or hashlib.sha256(content).hexdigest() != wanted:
                continue
            try:
                os.link(f"{self.root}/{source}/{path}", f"{self.root}/{self._staging}/{path}", follow_symlinks=False)
            except OSError:  # a disk without links, a file of another user
                self._write(f"{self.root}/{self._staging}/{path}", content)
            return True
        return False

    def _repair(self, files: Mapping[str, bytes], paths: Iterable[str], folder: str) -> None:
        self._make_folder(f"{self.root}/{self._staging}")
        made: set[str] = set()
        for path in paths:
            self._make_folders(f"{folder}/{path}", made)
            self._write(f"{self.root}/{self._staging}/file", files[path])
            os.rename(f"{self.root}/{self._staging}/file", f"{self.root}/{folder}/{path}")
        self._remove(self._staging)

    def _make_folders(self, path: str, made: set[str]) -> None:
        """Make every folder above `path` that is not there, and add it to `made`."""
        parts = path.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            folder = "/".join((self.root, *parts[:count]))
            if folder not in made:
                with suppress(FileExistsError):
                    self._make_folder(folder)
                made.add(folder)

    def _make_folder(self, folder: str) -> None:
        os.mkdir(folder)
        os.chmod(folder, 0o755)  # noqa: PTH101 - for the web server, whatever the umask

    def _write(self, path: str, content: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with open(descriptor, "wb") as file:  # noqa: PTH123
            os.fchmod(descriptor, 0o644)
            file.write(content)
            file.flush()
            os.fsync(descriptor)

    def _rename(self, old: str, new: str) -> None:
        os.rename(f"{self.root}/{old}", f"{self.root}/{new}")

    def _switch(self, folder: str) -> None:
        _flush(f"{self.root}/{RELEASES}")
        link = f"{self.root}/{NEXT_LINK}"
        with suppress(FileNotFoundError):
            os.unlink(link)
        os.symlink(folder, link)
        os.rename(link, f"{self.root}/{CURRENT}")
        _flush(self.root)

    def _remove(self, path: str) -> None:
        if Path(f"{self.root}/{path}").is_dir() and not self._is_link(path):
            shutil.rmtree(f"{self.root}/{path}")
        else:
            Path(f"{self.root}/{path}").unlink(missing_ok=True)


def _flush(folder: str) -> None:
    """Have the disk hold the names in `folder`."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{reason}: {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else reason
