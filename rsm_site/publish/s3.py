"""A site in a bucket of any S3-compatible store.

Every file of the last releases stands once under `.releases/objects/` by its SHA-256, so that what is sent is sent
before readers can see it, and a rollback sends nothing. Then the objects that readers get are copied from there within
the store, what is linked before what links to it, and put back when that fails.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import msgspec

from rsm_site.errors import PublishError
from rsm_site.exports.headers import headers_for
from rsm_site.manifest import MANIFEST, encode_manifest
from rsm_site.publish.history import HISTORY, Live, Release, encode_history, read_live
from rsm_site.publish.host import Progress
from rsm_site.publish.plan import Plan
from rsm_site.report import printable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

STORE = ".releases/"
OBJECTS, PENDING, LOCK = f"{STORE}objects/", f"{STORE}pending.json", f"{STORE}lock"
LEASE = 60.0  # seconds after which a publish that tells no more of itself counts as ended

_HEADERS = {  # what a store keeps with an object; the rest of the table is for hosts that read _headers
    "Content-Type": "ContentType",
    "Cache-Control": "CacheControl",
    "Content-Disposition": "ContentDisposition",
    "Content-Language": "ContentLanguage",
}
_SAYINGS = {
    "NoSuchBucket": "there is no bucket {bucket} at {place}",
    "AccessDenied": "{place} does not allow this: access denied to the bucket {bucket}",
    "InvalidAccessKeyId": "{place} does not know these credentials; check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "{place} does not accept these credentials; check AWS_SECRET_ACCESS_KEY",
    "RequestTimeTooSkewed": "{place} refuses requests because the clock of this machine is wrong; set it",
    "EntityTooLarge": "{place} does not take a file as large as that",
    "KeyTooLongError": "{place} does not take a name as long as that",
}


class S3Host:
    """A bucket; what it holds below `prefix` is this site and nothing else."""

    extras: Mapping[str, bytes] = {}
    patience: float = 5

    def __init__(
        self, bucket: str, *, prefix: str = "", endpoint: str = "", region: str = "", keep: int, lease: float = LEASE
    ) -> None:
        """Credentials are found by boto3: in the environment, in its own files, on the machine."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise PublishError("publishing to S3 needs boto3: run \"pip install 'rsm-site[s3]'\"") from error
        from botocore.exceptions import BotoCoreError

        self.bucket = bucket
        self.prefix = prefix and f"{prefix.rstrip('/')}/"
        self.place = f"{endpoint or 's3:/'}/{bucket}/{prefix}".rstrip("/")
        self.keep = keep
        self.lease = lease
        # Newer checksums are unknown to many stores that are not Amazon's.
        settings = Config(
            connect_timeout=20,
            read_timeout=60,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            self._client = boto3.Session().client(
                "s3", endpoint_url=endpoint or None, region_name=region or None, config=settings
            )
        except (BotoCoreError, ValueError) as error:
            raise PublishError(f"{self.place} cannot be reached: {_one_line(error)}") from error
        self._token = ""
        self._renewals = 0
        self._renewed = 0.0

    @contextmanager
    def opened(self, *, lock: bool) -> Iterator[None]:
        """See Host."""
        with self._told():
            if not lock:
                yield
                return
            self._lock()
            try:
                yield
            finally:
                with suppress(PublishError), self._told():  # an unreachable store: the lease ends by itself
                    if self._has_lock():
                        self._delete([LOCK])

    def live(self) -> Live:
        """See Host; also refuses a bucket that holds anything no publish made."""
        try:
            uncertain = msgspec.json.decode(self.read(PENDING) or b"[]", type=frozenset[str])
        except msgspec.MsgspecError as error:
            raise PublishError(f"{self.place}/{PENDING} was changed by something else than a publish") from error
        live = read_live(self.read, uncertain=uncertain)
        known = {*live.files, *uncertain, MANIFEST, HISTORY}
        foreign = sorted(key for key in self._keys("") if key not in known and not key.startswith(STORE))
        if foreign:
            names = ", ".join(printable(key) for key in foreign[:3])
            more = f" and {len(foreign) - 3} more" if foreign[3:] else ""
            raise PublishError(
                f"{self.place} holds what no publish made: {names}{more}; nothing was sent; move it elsewhere or "
                "choose another prefix"
            )
        return live

    def read(self, path: str) -> bytes | None:
        """See Host."""
        from botocore.exceptions import ClientError

        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + path)
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            raise
        data: bytes = answer["Body"].read()
        return data

    def fetch(self, release: Release) -> dict[str, bytes]:
        """See Host."""
        files = release.manifest.files
        with ThreadPoolExecutor(8) as pool:
            found = zip(files, pool.map(self.read, [OBJECTS + files[path].sha256 for path in files]), strict=True)
            return {path: content for path, content in found if content is not None}

    def find(self, release: str) -> None:
        """See Host; what the history does not list is not stored any more."""

    def inventory(self) -> Mapping[str, str]:
        """See Host."""
        self._renew()
        keys = [key for key in self._keys("") if not key.startswith(STORE)]
        with ThreadPoolExecutor(8) as pool:
            digests = pool.map(lambda key: hashlib.sha256(self.read(key) or b"").hexdigest(), keys)
            return dict(zip(keys, digests, strict=True))

    def send(self, plan: Plan, progress: Progress) -> None:
        """See Host."""
        self._store(plan, progress)
        changing = sorted({*plan.to_send, *plan.to_delete, *plan.live.uncertain})
        self._put(PENDING, msgspec.json.encode(changing))
        # With another table of headers, objects that are the same have to be made anew too.
        same = [path for path in plan.files if path not in plan.to_send] if "_headers" in plan.to_send else []
        paths = [path for path in (*same, *plan.to_send) if path not in (HISTORY, MANIFEST)]
        done: list[str] = []
        try:
            with self._told():
                for number, path in enumerate(paths, 1):
                    self._renew()
                    progress(f"switching {number} of {len(paths)}: {path}")
                    done.append(path)
                    self._copy(path, plan.expected[path].sha256)
                for path in (HISTORY, MANIFEST):
                    done.append(path)
                    self._put(path, plan.files[path])
        except PublishError as error:
            raise PublishError(f"{error}; {self._undo(plan.live, done)}") from error
        except KeyboardInterrupt:
            self._undo(plan.live, done)
            raise
        self._delete(plan.to_delete)
        wanted = {record.sha256 for release in plan.history.releases for record in release.manifest.files.values()}
        wanted |= {record.sha256 for record in plan.expected.values()}
        self._delete(key for key in self._keys(OBJECTS) if key.removeprefix(OBJECTS) not in wanted)
        self._delete([PENDING])

    def _store(self, plan: Plan, progress: Progress) -> None:
        """Send every file that the store does not hold yet."""
        stored = {key.removeprefix(OBJECTS) for key in self._keys(OBJECTS)}
        missing = {plan.expected[path].sha256: path for path in plan.files if path not in (HISTORY, MANIFEST)}
        missing = {digest: path for digest, path in missing.items() if digest not in stored}
        for number, (digest, path) in enumerate(missing.items(), 1):
            self._renew()
            progress(f"sending {number} of {len(missing)}: {path}")
            self._put(OBJECTS + digest, plan.files[path])

    def _undo(self, live: Live, done: Sequence[str]) -> str:
        """Put back what readers got before, and say whether the store let us; else the next publish does the rest."""
        try:
            with self._told():
                if not self._has_lock():
                    return "nothing was put back, since the other one is at work"
                for path in reversed(done):
                    if path in live.files:
                        self._copy(path, live.files[path].sha256)
                    elif path == MANIFEST and live.manifest:
                        self._put(path, encode_manifest(live.manifest))
                    elif path == HISTORY and live.manifest:
                        self._put(path, encode_history(live.history))
                    else:
                        self._delete([path])
        except PublishError:
            return "some pages may be new already; publish again, which puts all of them right"
        return "readers get the site as it was"

    def _copy(self, path: str, digest: str) -> None:
        """Make `path` the stored file with the SHA-256 `digest`."""
        source = {"Bucket": self.bucket, "Key": f"{self.prefix}{OBJECTS}{digest}"}
        self._client.copy_object(
            Bucket=self.bucket, Key=self.prefix + path, CopySource=source, MetadataDirective="REPLACE", **_headers(path)
        )

    def _put(self, path: str, content: bytes, **conditions: str) -> None:
        self._client.put_object(
            Bucket=self.bucket, Key=self.prefix + path, Body=content, **_headers(path), **conditions
        )

    def _delete(self, paths: Iterable[str]) -> None:
        for path in paths:  # one by one: stores differ in how they take many at once
            self._renew()
            self._client.delete_object(Bucket=self.bucket, Key=self.prefix + path)

    def _keys(self, below: str) -> list[str]:
        """Every key below the prefix and `below`, without the prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + below)
        keys = [item["Key"].removeprefix(self.prefix) for page in pages for item in page.get("Contents", ())]
        return [key for key in keys if key]  # some tools make an object of the prefix itself

    def _lock(self) -> None:
        """Put an object that says who is at work; one that is not renewed within the lease is taken over.

        The age is told by the store's clock alone.
        """
        from botocore.exceptions import ClientError

        self._token = secrets.token_hex(16)
        first = ""
        for _ in range(25):
            try:
                held = self._client.head_object(Bucket=self.bucket, Key=self.prefix + LOCK)
            except ClientError as error:
                if _code(error) not in ("404", "NoSuchKey"):
                    raise
                condition = {"IfNoneMatch": "*"}
            else:
                if held["ETag"] != (first := first or held["ETag"]):
                    break  # has been renewed: somebody is at work
                if _age(held) < self.lease:
                    sleep(self.lease / 20)
                    continue
                condition = {"IfMatch": held["ETag"]}
            try:
                self._put_lock(**condition)
            except ClientError as error:
                if _code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
                    continue  # somebody else was quicker
                if _code(error) != "NotImplemented":
                    raise
                self._put_lock()
            if self._has_lock():  # a store may not know conditions
                return
        raise PublishError(f"another publish to {self.place} is under way; try again when it is done")

    def _renew(self) -> None:
        """Tell that this publish still is at work, when it is time to."""
        if monotonic() - self._renewed < self.lease / 4:
            return
        if not self._has_lock():
            raise PublishError(f"another publish took {self.place} over; look at it with 'releases' and try again")
        self._put_lock()

    def _put_lock(self, **conditions: str) -> None:
        """Put the lock, with another content each time, so that others see that we are at work."""
        self._renewals += 1
        self._put(LOCK, f"{self._token} {self._renewals}".encode(), **conditions)
        self._renewed = monotonic()

    def _has_lock(self) -> bool:
        return (self.read(LOCK) or b"").startswith(self._token.encode())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what boto3 raises into a sentence."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError as error:
            raise PublishError(
                f"there are no credentials for {self.place}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        except ClientError as error:
            code = {"403": "AccessDenied"}.get(_code(error), _code(error))
            reason = _one_line(str(error.response.get("Error", {}).get("Message") or error))
            said = _SAYINGS.get(code, "{place} answers {code}: {reason}")
            raise PublishError(said.format(place=self.place, bucket=self.bucket, code=code, reason=reason)) from error
        except BotoCoreError as error:
            raise PublishError(f"{self.place} cannot be reached: {_one_line(error)}") from error


def _headers(path: str) -> dict[str, str]:
    if path.startswith(STORE):
        return {}
    table = headers_for(path)
    return {argument: table[name] for name, argument in _HEADERS.items() if name in table}


def _age(answer: Mapping[str, Any]) -> float:
    """How many seconds before the answer was given the object was changed."""
    from email.utils import parsedate_to_datetime

    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    changed = answer["LastModified"]
    return float((now - changed).total_seconds())


def _code(error: "ClientError") -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _one_line(error: Exception | str) -> str:
    return printable(" ".join(str(error).split()))
