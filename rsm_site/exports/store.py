"""What heavy libraries made before, kept between runs by what it was made from, so that they need not be loaded."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from rsm_site.staged import write_staged

_MOST = 200
_DIGEST = 32


class Store:
    """Files in a cache folder that may be deleted at any time; without a folder everything is made anew."""

    def __init__(self, folder: Path | None) -> None:
        """Keep what is made in `folder`, which need not exist."""
        self._folder = folder

    def get(self, make: Callable[[bytes], bytes], library: str, inputs: bytes) -> bytes:
        """What `make` makes of `inputs` with a library; the library's version and make's own file count as inputs."""
        if self._folder is None:
            return make(inputs)
        code = Path(make.__code__.co_filename).read_bytes()
        parts = (make.__qualname__.encode(), _version(library).encode(), code, inputs)
        path = self._folder / sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()
        with suppress(OSError):
            kept = path.read_bytes()
            # Begins with its own digest: what was cut short or touched is made again.
            if sha256(kept[_DIGEST:]).digest() == kept[:_DIGEST]:
                return kept[_DIGEST:]
        made = make(inputs)
        with suppress(OSError):
            self._keep(path, made)
        return made

    def _keep(self, path: Path, made: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_staged(path, sha256(made).digest(), made)
        kept = sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime)
        for old in kept[:-_MOST]:
            old.unlink()


@cache
def _version(library: str) -> str:
    """The installed version, read from the name of its record: asking importlib.metadata takes as long as a page."""
    spec = find_spec(library.replace("-", "_"))
    if spec is None or spec.origin is None:
        return ""
    beside = Path(spec.origin).parent.parent
    return "".join(sorted(path.name for path in beside.glob(f"{library.replace('-', '_')}-*.dist-info")))
