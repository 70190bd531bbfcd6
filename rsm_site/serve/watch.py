"""The folders that a site is made from -> which of their files changed, once a save is complete."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from stat import S_ISREG

from watchfiles import awatch

from rsm_site.folder import LEFT_BEHIND

# Milliseconds: how often watchfiles looks whether more has come, and how long it gathers at most.
_STEP, _GATHER = 2, 20
# Milliseconds between two looks at whether a folder is still the one that is watched.
_LOOK = 200
# More files than this are no save by hand but a checkout or a copy, which is not over at its first pause.
_MANY = 8
# Looks without a change that end a save of several steps, and a change of many files, and the seconds a look takes.
# Looks are counted, not time: a busy machine may stand still for a while, and has not been quiet then.
_QUIET, _LONG_QUIET, _PAUSE = 5, 15, 0.02
# Seconds that are waited at most for all steps.
_PATIENCE = 3.0

Stamp = tuple[int, int, int, int, int]


class Changes:
    """What changed in some folders since it was last asked for.

    The watcher only says where to look; a change is a file whose times of change, size, inode or mode are others than
    before. So nothing is seen twice, and what the watcher misses is found when it starts anew.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Remember how the files are now."""
        self._folders = folders
        self._known = dict(self._scan())
        self._changed: dict[str, bool] = {}  # and whether the file is whole: was there before, is there, is not empty
        self._new: set[str] = set()
        self._event = asyncio.Event()

    async def watch(self, say: Callable[[str], None]) -> None:
        """Look out for changes, for ever; folders may go and come back."""
        polling = None
        while True:
            identity = self._identity()
            roots = [folder.resolve() for folder in self._folders if folder.is_dir()]
            bursts = awatch(
                *roots,
                watch_filter=None,
                step=_STEP,
                debounce=_GATHER,
                rust_timeout=_LOOK,
                yield_on_timeout=True,
                ignore_permission_denied=True,
                force_polling=polling,
            )
            try:
                async with aclosing(bursts):
                    missed = True  # what changed before the watcher stood
                    async for burst in bursts:
                        moved = self._identity() != identity
                        self._note({path for _, path in burst}, everything=missed or moved)
                        missed = False
                        if moved:
                            break
            except FileNotFoundError:
                await asyncio.sleep(_LOOK / 1000)
            except (OSError, RuntimeError) as error:  # too many watches, or too many watchers
                if polling:
                    raise
                polling = True
                say(f"The system reports no changes ({error}); the files are looked through every 0.3 seconds instead")

    async def settled(self) -> frozenset[str]:
        """Wait for changes and give the paths of the changed files, once their save seems complete."""
        changed: frozenset[str] = frozenset()
        while not changed:
            await self._event.wait()
            self._event.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    while (quiet := self._quiet()) and await self.more(quiet):
                        self._event.clear()
            changed = frozenset(self._changed)
            self._changed.clear()
            self._new.clear()
        return changed

    async def more(self, looks: int) -> bool:
        """Wait for changes that `settled` has not given yet, 20 ms a look, and say whether there are any."""
        for _ in range(looks):
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    return await self._event.wait()
        return False

    def _quiet(self) -> int:
        """How many looks may see nothing more until the save is taken to be over: none, when it is one whole file."""
        if len(self._changed) > _MANY:
            return _LONG_QUIET
        return 0 if [*self._changed.values()] == [True] else _QUIET

    def _note(self, paths: set[str], *, everything: bool) -> None:
        roots = [folder.resolve() for folder in self._folders]
        paths = {path for path in paths if not _is_left_behind(Path(path), roots)}
        if everything or len(paths) > _MANY or any(self._is_folder(path) for path in paths):
            now = dict(self._scan())
            paths = {path for path in now.keys() | self._known.keys() if now.get(path) != self._known.get(path)}
        else:
            now = dict(_stamps(paths))
            paths = {path for path in paths if now.get(path) != self._known.get(path)}
        for path in paths:
            if path in now:
                if path not in self._known and path not in self._changed:
                    self._new.add(path)
                self._known[path] = now[path]
                self._changed[path] = path not in self._new and now[path][1] > 0
            else:
                del self._known[path]
                self._changed[path] = False
                if path in self._new:  # came and went, as the file that an editor writes and then gives its name
                    self._new.discard(path)
                    del self._changed[path]
        if paths:
            self._event.set()

    def _is_folder(self, path: str) -> bool:
        """Whether a folder is or was there: of what is in a folder that moved nothing else is reported."""
        if path in self._known:
            return False
        return Path(path).is_dir() or any(known.startswith(path + os.sep) for known in self._known)

    def _scan(self) -> Iterator[tuple[str, Stamp]]:
        for root in self._folders:
            for folder, folders, files in os.walk(root.resolve(), followlinks=True):
                folders[:] = [
                    name for name in folders if not LEFT_BEHIND.fullmatch(name) and not _leads_up(folder, name)
                ]
                yield from _stamps(f"{folder}{os.sep}{name}" for name in files if not LEFT_BEHIND.fullmatch(name))

    def _identity(self) -> list[tuple[int, int] | None]:
        """Which folders stand at the paths: one that was replaced has another inode, though its watch goes on."""
        return [(found.st_dev, found.st_ino) if (found := _stat(str(path))) else None for path in self._folders]


def _is_left_behind(path: Path, roots: Iterable[Path]) -> bool:
    inside = next((path.relative_to(root) for root in roots if path.is_relative_to(root)), path)
    return any(LEFT_BEHIND.fullmatch(part) for part in inside.parts)


def _leads_up(folder: str, name: str) -> bool:
    """Tell whether this is a link to a folder above it."""
    path = Path(folder, name)
    return path.is_symlink() and Path(folder).resolve().is_relative_to(path.resolve())


def _stamps(paths: Iterable[str]) -> Iterator[tuple[str, Stamp]]:
    for path in paths:
        found = _stat(path)
        if found and S_ISREG(found.st_mode):
            yield path, (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode, found.st_ctime_ns)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - thousands of files are quick without a Path for each
    except OSError:
        return None
