"""What the preview shows: the last good site, what is wrong with the content now, and who waits for the next."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep

from msgspec import Struct

from rsm_site.build import Audience, Built
from rsm_site.errors import ContentError, SiteError, UsageError
from rsm_site.report import Listed, as_text
from rsm_site.serve.watch import Changes

# A save in two halves may be broken in between: problems are shown when so many looks (of 20 ms) see nothing mend them.
_GRACE = 5
# Seconds that an answer waits at most for what is being built: who asks right after saving gets what was saved.
_HOLD = 1.0
# Seconds that the thread that builds leaves to the answers when a page is there that somebody waits for.
_TURN = 0.005


class State(Struct, frozen=True):
    """The files of the last good site by URL (None before the first), and why there is no newer one: each problem as
    the terminal shows it."""

    files: Mapping[str, bytes] | None = None
    problems: tuple[str, ...] = ()


class Preview:
    """Keeps the state up to date with the content, and tells of it in the terminal and to those who wait; `looked_at`
    is the URL of the page that was asked for last."""

    def __init__(
        self,
        build: Callable[[Audience, Collection[str] | None], Built],
        say: Callable[[str], None],
        tell: Callable[[str], None],
        listed: Listed,
    ) -> None:
        """Begin with nothing to show; `build` makes the site, in a thread of its own, and is told which files alone may
        have changed since it last did, None when that is not known. Problems are said as they are `listed`, what was
        built is told."""
        self.state = State()
        self.closed = False
        self.looked_at = ""
        self._build = build
        self._say = say
        self._tell = tell
        self._listed = listed
        self._good: Mapping[str, bytes] | None = None
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._warnings: tuple[str, ...] = ()
        self._started = 0.0

    async def start(self) -> None:
        """Build for the first time; UsageError when no change of the content could help."""
        made = await self._attempt()
        if isinstance(made, UsageError):
            raise made
        self._show(made)

    async def follow(self, changes: Changes) -> None:
        """Build again after each change, for ever."""
        made: Built | BaseException | None = None
        while True:
            changed = await changes.settled()
            self._settled.clear()
            made = await self._attempt(changed if isinstance(made, Built) else None)
            if isinstance(made, Built) or not await changes.more(_GRACE):
                self._show(made)

    def waits_for(self) -> tuple[str, ...]:
        """The page that was asked for last: it is shown as soon as it is made."""
        return (self.looked_at,)

    def take(self, files: Mapping[str, bytes]) -> None:
        """Show these files beside the others of the last good site; called by the thread that builds."""
        self._loop.call_soon_threadsafe(self._take, files)
        sleep(_TURN)

    def _take(self, files: Mapping[str, bytes]) -> None:
        before = self.state.files
        if before is not None and any(before.get(url) != data for url, data in files.items()):
            self._enter(State({**before, **files}, self.state.problems))
        self._settled.set()

    async def next(self, seen: State) -> State:
        """The state as soon as it is another than `seen`, or the preview is closed."""
        while self.state is seen and not self.closed:
            await self._changed.wait()
        return self.state

    async def latest(self) -> State:
        """The state; while a change is being built, the one that comes of it if that is soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HOLD):
                await self._settled.wait()
        return self.state

    def close(self) -> None:
        """Let nobody wait any longer."""
        self.closed = True
        self._changed.set()
        self._settled.set()

    async def _attempt(self, changed: Collection[str] | None = None) -> Built | BaseException:
        self._started = perf_counter()
        self._loop = asyncio.get_running_loop()
        building = self._loop.run_in_executor(None, self._build, self, changed)
        # Whatever a build raises is a value here: the preview outlives it.
        await asyncio.wait([building])
        return building.exception() or building.result()

    def _show(self, made: Built | BaseException) -> None:
        if isinstance(made, Built):
            self._enter(State(made.files))
            self._tell(f"{self._outcome(self._good, made)} in {(perf_counter() - self._started) * 1000:.0f} ms")
            self._good = made.files
            self._warn(tuple(self._listed(made.problems, made.texts)))
        else:
            problems = _explain(made)
            self._enter(State(self._good, problems))
            for line in self._listed(made.problems, made.texts) if isinstance(made, ContentError) else problems:
                self._say(line)
            kept = "the preview stays as it was" if self._good is not None else "there is nothing to show yet"
            self._say(f"{count_of(problems)}; {kept}")

    def _enter(self, state: State) -> None:
        self.state = state
        self._settled.set()
        self._changed.set()
        self._changed = asyncio.Event()

    def _outcome(self, before: Mapping[str, bytes] | None, made: Built) -> str:
        if before is None:
            return f"Built {made.page_count} pages, {len(made.files)} files"
        differing = sum(made.files.get(url) != before.get(url) for url in made.files.keys() | before.keys())
        return (
            f"Built again: {differing} file{'' if differing == 1 else 's'} changed"
            if differing
            else "Built again: nothing changed"
        )

    def _warn(self, lines: tuple[str, ...]) -> None:
        if lines != self._warnings:
            for line in lines:
                self._say(line)
        self._warnings = lines


def count_of(problems: Iterable[str]) -> str:
    """How many errors there are, in words; warnings among them do not count."""
    count = sum(": warning[" not in problem.partition("\n")[0] for problem in problems)
    return f"{count} error{'' if count == 1 else 's'}"


def _explain(error: BaseException) -> tuple[str, ...]:
    """Each problem of a build that failed, as the terminal shows it."""
    match error:
        case ContentError():
            return tuple("\n".join(as_text([problem], error.texts)) for problem in error.problems)
        case SiteError():
            return (str(error),)
        case OSError(filename=str() | Path()):
            return (f"{error.strerror}: {error.filename}",)
        case OSError():
            return (str(error),)
        case _:
            return (f"this is a fault of rsm-site itself, please report it: {type(error).__name__}: {error}",)
