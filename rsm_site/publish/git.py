"""A site on a branch of a git repository, as one ordinary commit a release.

The user's working copy is never touched: a bare repository that lives as long as the publish fetches the branch, gets
the commit and pushes it, without force. Whoever else pushes in the meantime makes ours fail.
"""

import hashlib
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs

from rsm_site.errors import OutputError, PublishError
from rsm_site.manifest import MANIFEST, decode_manifest
from rsm_site.publish.history import HISTORY, Live, Release, read_live
from rsm_site.publish.host import Progress
from rsm_site.publish.plan import Plan
from rsm_site.report import printable

TRAILER = "Factsheet-Release"
KEPT_RELEASES = 10  # whose assets stay on the branch; all others can be fetched from its history

_FALLBACK = "rsm-site <rsm-site@localhost>"
_SAYINGS = {
    r"REMOTE HOST IDENTIFICATION HAS CHANGED": "the host key of {place} is not the one that is known for it; ask "
    "whoever runs it before you correct known_hosts",
    r"Host key verification failed": "the host key of {place} is not known here; connect once with ssh, compare the "
    "fingerprint, and publish again",
    r"does not appear to be a git repository|repository '.*' does not exist": "there is no git repository at {place}",
    r"[Rr]epository .*not found": "there is no git repository at {place}, or this user may not see it",
    r"Permission denied \(|could not read Username|Authentication failed": "{place} does not let this user in; set up "
    "its credentials for git",
}
# Of the project's own settings, those that say who publishes and how to get in.
_SETTINGS = r"^(user|author|committer|http|credential|url|ssh)\.|^core\.sshcommand$"
_LEADING_ELSEWHERE = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
}


class GitHost:
    """The branch `branch` of `repository`, which is written as git push takes it, from `project`."""

    keep = KEPT_RELEASES
    patience: float = 180  # hosts of pages take a minute or two to show a push

    def __init__(
        self, repository: str, *, branch: str, cname: str, project: Path, take_over: bool = False, ask: bool = False
    ) -> None:
        """With `take_over`, commits that no publish made are built upon, not refused."""
        self.repository = repository
        self.branch = branch
        self.cname = cname
        self.project = project
        self.take_over = take_over
        self.ask = ask
        self.place = f"{repository} ({branch})"
        self.extras: Mapping[str, bytes] = {".nojekyll": b""} | ({"CNAME": f"{cname}\n".encode()} if cname else {})
        self._folder = ""
        self._tip = ""
        self._tree: dict[str, str] = {}
        self._settings: dict[str, str] = {}

    @contextmanager
    def opened(self, *, lock: bool) -> Iterator[None]:
        """See Host; needs no lock, since a push that is not the next commit fails."""
        with tempfile.TemporaryDirectory(prefix="publish-") as folder:
            self._folder = ""  # of the project still
            self._settings, self.repository = self._project_settings(), self._resolved()
            self._folder = folder
            self._git("init", "--quiet", "--bare", "--template=", folder)
            self._fetch_branch()
            yield

    def live(self) -> Live:
        """See Host; also refuses a branch whose last commit no publish made."""
        if not self._tip:
            return Live()
        cname = self.read("CNAME")
        if cname is not None and not self.cname and not self.take_over:
            name = printable(cname.decode(errors="replace").strip())
            raise PublishError(
                f"the branch {self.branch} has a CNAME file for {name}, which this publish would remove; write "
                f"'cname: {name}' in site.yaml, or add --take-over if it is to go"
            )
        try:
            live = read_live(self.read)
        except PublishError:
            live = Live()
        if self._is_ours(live):
            return live
        if not self.take_over:
            author, _, subject = self._text("log", "-1", "--format=%an%x00%s", self._tip).partition("\0")
            raise PublishError(
                f"the last commit on {self.branch}, {self._tip[:8]} by {printable(author)} ({printable(subject)!r}), "
                "was not made by a publish; nothing was sent; add --take-over to publish on top of it"
            )
        return structs.replace(live, uncertain=frozenset(self._tree))

    def read(self, path: str) -> bytes | None:
        """See Host."""
        return self._git("cat-file", "blob", self._tree[path]) if path in self._tree else None

    def fetch(self, release: Release) -> dict[str, bytes]:
        """See Host."""
        commit = self._commit_of(release.manifest.release)
        tree = self._tree_of(commit) if commit else {}
        wanted = {path: tree[path] for path in (*release.manifest.files, MANIFEST) if path in tree}
        return dict(zip(wanted, self._blobs(list(wanted.values())), strict=True))

    def find(self, release: str) -> Release | None:
        """See Host."""
        commit = self._commit_of(release)
        tree = self._tree_of(commit) if commit else {}
        if MANIFEST not in tree:
            return None
        try:
            manifest = decode_manifest(self._git("cat-file", "blob", tree[MANIFEST]))
        except OutputError as error:
            raise PublishError(f"{error}, in the commit {commit[:8]}") from error
        return Release(published=self._text("log", "-1", "--format=%cI", commit), manifest=manifest)

    def inventory(self) -> Mapping[str, str]:
        """See Host; asks the repository again."""
        self._fetch_branch()
        digests = [hashlib.sha256(blob).hexdigest() for blob in self._blobs(list(self._tree.values()))]
        return dict(zip(self._tree, digests, strict=True))

    def send(self, plan: Plan, progress: Progress) -> None:
        """See Host."""
        progress("making the commit")
        self._git("fast-import", "--quiet", "--date-format=now", given=self._import_stream(plan))
        commit = self._text("rev-parse", "refs/publish")
        progress("pushing it")
        status, output, complaint = self._try(
            "push", "--porcelain", self.repository, f"{commit}:refs/heads/{self.branch}"
        )
        if status != 0:
            raise PublishError(self._push_sentence(output.decode(errors="replace") + complaint))

    def _import_stream(self, plan: Plan) -> bytes:
        """The commit for git fast-import: the whole tree, on top of the branch if there is one."""
        body = "".join(f"- {claim}\n" for claim in plan.claims[:20]) + ("\n" if plan.claims else "")
        message = (
            f"Publish the edition of {plan.manifest.edition}\n\n{body}{TRAILER}: {plan.manifest.release}\n".encode()
        )
        author, committer = (self._identity(role) for role in ("AUTHOR", "COMMITTER"))
        lines = [
            b"commit refs/publish",
            f"author {author} now".encode(),
            f"committer {committer} now".encode(),
            b"data %d\n%s" % (len(message), message),
        ]
        if self._tip:
            lines.append(f"from {self._tip}".encode())
        lines.append(b"deleteall")
        for path in sorted({*plan.files, *plan.history.kept}):
            if ".git" in path.lower().split("/"):
                raise PublishError(f"a git repository cannot hold a file called {path}; nothing was sent")
            quoted = '"' + path.replace('"', '\\"') + '"'  # a manifest has no path with a backslash
            if path in plan.files:
                content = plan.files[path]
                lines.append(b"M 100644 inline %s\ndata %d\n%s" % (quoted.encode(), len(content), content))
            else:
                lines.append(f"M 100644 {self._tree[path]} {quoted}".encode())
        return b"\n".join(lines) + b"\n"

    def _identity(self, role: str) -> str:
        """The name and address that git has for this user; where it has none, those of this tool."""
        status, output, _ = self._try("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
        return output.decode(errors="replace").rpartition("> ")[0] + ">" if status == 0 else _FALLBACK

    def _is_ours(self, live: Live) -> bool:
        """Tell whether the last commit is a publish, as it was made."""
        if live.manifest is None:
            return False
        trailer = self._text("log", "-1", f"--format=%(trailers:key={TRAILER},valueonly)", self._tip)
        if trailer != live.manifest.release or self._tree.keys() - {MANIFEST, HISTORY} != live.files.keys():
            return False
        contents = self._blobs([self._tree[path] for path in live.files])
        return all(
            hashlib.sha256(content).hexdigest() == record.sha256
            for content, record in zip(contents, live.files.values(), strict=True)
        )

    def _resolved(self) -> str:
        """The repository's address, when a remote's name or a path from the project was given."""
        status, output, _ = self._try("-C", str(self.project), "remote", "get-url", "--push", "--", self.repository)
        if status == 0:
            return output.decode().strip()
        beside = self.project / self.repository
        return str(beside.resolve()) if beside.exists() else self.repository

    def _fetch_branch(self) -> None:
        reference = f"refs/heads/{self.branch}"
        listed = self._text("ls-remote", "--", self.repository, reference)
        self._tip = next((line.split()[0] for line in listed.splitlines() if line.endswith(f"\t{reference}")), "")
        if self._tip:
            self._git("fetch", "--quiet", "--no-tags", self.repository, f"+{reference}:refs/publish")
            self._tip = self._text("rev-parse", "refs/publish")
        self._tree = self._tree_of(self._tip) if self._tip else {}

    def _commit_of(self, release: str) -> str:
        """The last commit of a release, by the beginning of its id; empty when there is none."""
        if not self._tip:
            return ""
        pattern = f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x2C)"
        for line in self._text("log", pattern, self._tip).splitlines():
            commit, _, trailer = line.partition(" ")
            if trailer.startswith(release):
                return commit
        return ""

    def _tree_of(self, commit: str) -> dict[str, str]:
        """The blob of each path."""
        tree = {}
        for entry in self._git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            head, _, path = entry.partition(b"\t")
            tree[path.decode(errors="backslashreplace")] = head.split()[2].decode()
        return tree

    def _blobs(self, names: Sequence[str]) -> list[bytes]:
        stream = self._git("cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode())
        blobs = []
        for _ in names:
            head, _, stream = stream.partition(b"\n")
            if (size := re.fullmatch(rb"\w+ blob (\d+)", head)) is None:  # a submodule has nothing to read
                blobs.append(b"")
                continue
            blobs.append(stream[: int(size[1])])
            stream = stream[int(size[1]) + 1 :]
        return blobs

    def _text(self, *arguments: str) -> str:
        return self._git(*arguments).decode(errors="replace").strip()

    def _git(self, *arguments: str, given: bytes | None = None) -> bytes:
        status, output, complaint = self._try(*arguments, given=given)
        if status != 0:
            raise PublishError(self._sentence(complaint))
        return output

    def _try(self, *arguments: str, given: bytes | None = None) -> tuple[int, bytes, str]:
        """Run git in the repository of this publish; its status, output and complaint."""
        try:
            done = subprocess.run(
                ["git", *arguments], input=given or b"", capture_output=True, check=False, env=self._environment()
            )
        except FileNotFoundError as error:
            raise PublishError("there is no git on this machine; install it") from error
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        """This process's own, so that the user's settings hold, but for what would lead git elsewhere."""
        own = {name: value for name, value in os.environ.items() if name not in _LEADING_ELSEWHERE}
        ssh = (
            own.get("GIT_SSH_COMMAND")
            or self._settings.get("core.sshcommand")
            or shlex.quote(own.get("GIT_SSH", "ssh"))
        )
        strict = "-o StrictHostKeyChecking=yes" + ("" if self.ask else " -o BatchMode=yes")
        own |= {"LC_ALL": "C", "GIT_SSH_COMMAND": f"{ssh} {strict}"}
        if not self._folder:
            return own
        own["GIT_DIR"] = self._folder
        first = int(own.get("GIT_CONFIG_COUNT", "0"))
        for number, (key, value) in enumerate(self._settings.items(), first):
            own |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        own["GIT_CONFIG_COUNT"] = str(first + len(self._settings))
        return own if self.ask else own | {"GIT_TERMINAL_PROMPT": "0"}

    def _project_settings(self) -> dict[str, str]:
        _, output, _ = self._try("-C", str(self.project), "config", "--local", "--null", "--get-regexp", _SETTINGS)
        settings = (entry.partition("\n") for entry in output.decode(errors="surrogateescape").split("\0")[:-1])
        return {key: value for key, _, value in settings}

    def _push_sentence(self, complaint: str) -> str:
        if "[rejected]" in complaint or "cannot lock ref" in complaint or "failed to lock" in complaint:
            return f"somebody else pushed to {self.branch} at the same time; nothing was changed; publish again"
        if said := re.findall(r"^remote: *(.*\S)", complaint, re.MULTILINE):
            return f"{self.place} refused the publish: {printable(said[0])}"
        return self._sentence(complaint)

    def _sentence(self, complaint: str) -> str:
        for sign, sentence in _SAYINGS.items():
            if re.search(sign, complaint):
                return sentence.format(place=self.place)
        lines = [line.strip() for line in complaint.splitlines() if line.strip()]
        reason = next(
            (line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "git failed"
        )
        return f"{self.place} cannot be published to: {printable(reason)}"
