"""A published site against its manifest: every file read back, every hash compared."""

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

from msgspec import Struct

from rsm_site import __version__
from rsm_site.errors import OutputError, PublishError
from rsm_site.manifest import MANIFEST, Difference, FileRecord, Manifest, list_folder, read_manifest
from rsm_site.publish.history import HISTORY, History, Live, decode_history, read_live

# What hosts read themselves and may keep from readers.
HOST_FILES = {"_headers", "_redirects", "_nginx.conf", ".nojekyll", ".htaccess", "CNAME"}
TIMEOUT = 30.0
LARGEST = 1 << 30


class Verified(Struct, frozen=True, kw_only=True):
    """What was found at a published site: its manifest, how many files were read, each that is not as it should be."""

    manifest: Manifest
    count: int
    differences: tuple[Difference, ...]


def verify(place: str) -> Verified:
    """Read the site at `place`, a folder or an address, and compare it with its own manifest; OutputError when there is
    no manifest, PublishError when the address does not answer."""
    if place.startswith(("http://", "https://")):
        return verify_address(place)
    return verify_folder(Path(place))


def verify_folder(folder: Path) -> Verified:
    """Read the site in `folder`: a build's, or a published one, where assets of earlier releases stand too."""
    if (folder / "current" / MANIFEST).is_file() and not (folder / MANIFEST).is_file():
        folder = folder / "current"
    manifest = read_manifest(folder)
    try:
        listing = list_folder(folder)
        standing = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in listing.files}
        history = decode_history((folder / HISTORY).read_bytes()) if HISTORY in standing else History(published="")
    except OSError as error:
        raise OutputError(f"{error.filename or folder} cannot be read: {error.strerror}") from error
    return check(Live(manifest=manifest, history=history), standing | dict.fromkeys(listing.others, ""))


def verify_address(address: str, *, release: str = "", patience: float = 0, timeout: float = TIMEOUT) -> Verified:
    """Read the site at `address` over HTTP; wait up to `patience` seconds for it to be that of `release`, and `timeout`
    seconds for each answer.

    What a reader could still get of earlier releases, and should not, is found by their manifests.
    """
    base = address.removesuffix("index.html").rstrip("/") + "/"
    live = _read_live(base, timeout)
    for _ in range(round(patience / 3)):
        if not release or (live.manifest and live.manifest.release == release):
            break
        sleep(3)
        live = _read_live(base, timeout)
    if live.manifest is None:
        raise PublishError(f"there is no manifest at {base}{MANIFEST}; is it the address of a published factsheet?")
    if release and live.manifest.release != release:
        raise PublishError(f"{base} still shows release {live.manifest.release}, not {release}")
    gone = {path: record for past in live.history.releases for path, record in past.manifest.files.items()}
    gone = {path: record for path, record in gone.items() if path not in live.files}
    wanted = [*live.files, *gone]
    with ThreadPoolExecutor(8) as pool:
        found = {
            path: digest
            for path, digest in zip(wanted, pool.map(lambda path: _hash(base, path, timeout), wanted), strict=True)
            if digest
        }
    # A host that answers every address with some page still does not hold those files.
    standing = {path: digest for path, digest in found.items() if path not in gone or digest == gone[path].sha256}
    return check(live, standing, missing_allowed=HOST_FILES)


def check(live: Live, standing: Mapping[str, str], *, missing_allowed: Container[str] = ()) -> Verified:
    """Compare what should stand with what does, given by path with its SHA-256."""
    if live.manifest is None:
        raise PublishError("there is no manifest to compare with")
    expected = {path: record for path, record in live.files.items() if path in standing or path not in missing_allowed}
    there = {path: digest for path, digest in standing.items() if path not in (MANIFEST, HISTORY)}
    return Verified(manifest=live.manifest, count=len(there), differences=tuple(compare(expected, there)))


def compare(expected: Mapping[str, FileRecord], standing: Mapping[str, str]) -> Iterator[Difference]:
    """Each file that is missing, changed or too many among those `standing`, given with their SHA-256, in order."""
    for path in sorted(expected.keys() | standing.keys()):
        if path not in standing:
            yield Difference(path=path, kind="missing")
        elif path not in expected:
            yield Difference(path=path, kind="extra")
        elif standing[path] != expected[path].sha256:
            yield Difference(path=path, kind="changed")


def name_differences(differences: Iterable[Difference], limit: int = 3) -> str:
    """The first few differences and the number of the rest, for a sentence."""
    listed = [f"{found.path} is {found.kind}" for found in differences]
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")


def _read_live(base: str, timeout: float) -> Live:
    return read_live(lambda path: _get(base, path, timeout))


def _hash(base: str, path: str, timeout: float) -> str:
    """The SHA-256 of what readers get for `path`, empty when they get nothing."""
    data = _get(base, path, timeout)
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _get(base: str, path: str, timeout: float) -> bytes | None:
    """What readers get for `path`, None when it is not found; PublishError when there is no answer."""
    address = base + urllib.parse.quote(path)
    # No cache on the way may answer for the host.
    headers = {"User-Agent": f"rsm-site/{__version__}", "Cache-Control": "no-cache", "Accept-Encoding": "identity"}
    try:
        request = urllib.request.Request(address, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            data: bytes = answer.read(LARGEST)
            return data
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (403, 404, 410):
                return None
            raise PublishError(f"{address} cannot be read: the host answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise PublishError(f"{address} cannot be read: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PublishError(f"{address} cannot be read: {error or type(error).__name__}") from error
