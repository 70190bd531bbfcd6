"""Releases in a folder of another machine, by the system's ssh and rsync and the user's own settings of them."""

import re
import secrets
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rsm_site.errors import PublishError
from rsm_site.manifest import FileRecord
from rsm_site.publish.releases import CURRENT, NEXT_LINK, RELEASES, ReleasesHost, Standing
from rsm_site.report import printable

_LOCKED = 75
_LOOKS, _LOOK = 200, 0.01  # s: how often, and how long apart, a complaint is looked for
# POSIX shells and tools, and what Linux, macOS and the BSDs call the rest.
_PRELUDE = """\
export LC_ALL=C; umask 022
if command -v sha256sum >/dev/null; then hash=sha256sum; else hash='shasum -a 256'; fi"""
_SAYINGS = {
    r"REMOTE HOST IDENTIFICATION HAS CHANGED": "the host key of {host} is not the one that is known for it; ask "
    "whoever runs it whether it has changed, and only then correct known_hosts",
    r"Host key verification failed": "the host key of {host} is not known here; run '{login}' once, compare the "
    "fingerprint, and publish again",
    r"Permission denied \([a-z]": "{host} does not let this user in: {reason}",
    r"flock: (command )?not found": "{host} has no 'flock', which keeps two publishes apart; install util-linux there",
    r"rsync: (command )?not found": "{host} has no rsync; install it there",
}
_NOISE = re.compile(r"rsync error: |rsync: connection unexpectedly closed|Warning: Permanently added|\s*$")


class SshHost(ReleasesHost):
    """Releases in `path` of the machine `host`, as ssh knows it."""

    wait = 5  # seconds for another publish to finish

    def __init__(self, host: str, path: str, *, keep: int, user: str = "", port: int = 22, ask: bool = False) -> None:
        """Let ssh `ask` for a passphrase where there is somebody to answer."""
        self.host = f"{user}@{host}" if user else host
        self.root = path
        self.place = f"{self.host}:{path}"
        self.keep = keep
        # A key that is not known is never accepted, whatever the user's settings say; a dead network is noticed.
        settings = ["StrictHostKeyChecking=yes", "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=3"]
        settings += [] if ask else ["BatchMode=yes"]
        self._login = ["ssh", *(["-p", str(port)] if port != 22 else [])]
        self._ssh = [*self._login, "-T", *(word for setting in settings for word in ("-o", setting))]
        self._shell: _Shell | None = None
        self._socket: list[str] = []

    @contextmanager
    def opened(self, *, lock: bool) -> Iterator[None]:
        """See Host."""
        with tempfile.TemporaryDirectory(prefix="publish-") as folder, self._connected(folder):
            self._run(_PRELUDE)
            self._run(f"root={shlex.quote(self.root)}; case $root in /*) ;; *) root=./$root ;; esac")
            if lock:
                self._lock()
                self._tidy()
            yield

    @contextmanager
    def _connected(self, folder: str) -> Iterator[None]:
        """Open the connection that all goes through, rsync too: who comes in once is in, and what is cut ends whole."""
        self._socket = ["-o", "ControlMaster=auto", "-o", f"ControlPath={folder}/s", "-o", "ControlPersist=no"]
        shell = self._shell = _Shell([*self._ssh, *self._socket, self.host, "sh"])
        try:
            yield
        finally:
            self._shell = None
            shell.close()

    def _lock(self) -> None:
        """Lock the folder there for as long as the connection stands."""
        script = f"""mkdir -p "$root" && exec 9<"$root" &&
            {{ flock -w {self.wait} 9 || {{ status=$?; [ $status = 1 ] && status={_LOCKED}; (exit $status); }}; }}"""
        try:
            self._run(script)
        except _RemoteError as error:
            if error.status == _LOCKED:
                raise PublishError(
                    f"another publish to {self.place} is under way; try again when it is done"
                ) from error
            raise

    def _run(self, script: str) -> bytes:
        if self._shell is None:
            raise PublishError(f"{self.place} is not connected")
        status, output, complaint = self._shell.run(script)
        if status != 0:
            raise _RemoteError(self._sentence(complaint), status)
        return output

    def _sentence(self, complaint: str) -> str:
        """What went wrong, from what ssh, rsync or the other machine said."""
        lines = [line for line in complaint.splitlines() if not _NOISE.match(line)]
        reason = printable(lines[-1].strip()) if lines else "the connection was closed"
        login = shlex.join([*self._login, self.host])
        for sign, sentence in _SAYINGS.items():
            if re.search(sign, complaint):
                return sentence.format(host=self.host, login=login, reason=reason)
        return f"{self.place} cannot be published to: {reason}"

    def _standing(self) -> Standing:
        # A name that holds a line break comes out as two lines; neither is a file of ours, and so it is foreign.
        script = """if [ -d "$root" ]; then (
            set -e; cd "$root"
            find . -type f; echo /; find . -type d; echo /; find . ! -type f ! -type d ! -type l; echo /
            find . -type l | while IFS= read -r name; do printf '%s\\n' "$name"; readlink "$name"; done )
        elif [ -e "$root" ]; then echo "$root is not a folder" >&2; (exit 1)
        else echo /; echo /; echo /; fi"""
        parts: list[list[str]] = [[]]
        for line in self._run(script).decode(errors="backslashreplace").split("\n")[:-1]:
            if line == "/" and len(parts) < 4:
                parts.append([])
            else:
                parts[-1].append(line.removeprefix("./"))
        files, folders, others, links = parts
        return Standing(
            files=frozenset(files),
            folders=frozenset(folders) - {"."},
            links=dict(zip(links[::2], links[1::2], strict=False)),
            others=frozenset(others),
        )

    def _read(self, path: str) -> bytes | None:
        name = f'"$root"/{shlex.quote(path)}'
        answer = self._run(f"if [ -f {name} ]; then echo yes; cat {name}; else echo no; fi")
        return answer.removeprefix(b"yes\n") if answer.startswith(b"yes\n") else None

    def _fetch(self, folder: str, paths: Iterable[str]) -> dict[str, bytes]:
        wanted = list(paths)
        with tempfile.TemporaryDirectory(prefix="publish-") as local:
            names = "".join(f"{path}\0" for path in wanted)
            self._rsync(
                [f"{self.host}:{self.root}/{folder}/", f"{local}/"],
                ["--files-from=-", "--from0", "--ignore-missing-args"],
                names,
            )
            return {path: file.read_bytes() for path in wanted if (file := Path(local, path)).is_file()}

    def _hashes(self, folder: str) -> dict[str, str]:
        script = f'(set -e; cd "$root/{folder}/"; find . -type f -exec $hash {{}} +; find . ! -type f ! -type d)'
        hashes = {}
        for line in self._run(script).decode(errors="backslashreplace").split("\n")[:-1]:
            digest, _, path = line.partition("  ./")
            if path and re.fullmatch(r"[0-9a-f]{64}", digest):
                hashes[path] = digest
            else:
                hashes[line.removeprefix("./")] = ""
        return hashes

    def _stage(self, files: Mapping[str, bytes], kept: Mapping[str, FileRecord], sources: Sequence[str]) -> None:
        links = [f"--link-dest=../{source.removeprefix(f'{RELEASES}/')}" for source in sources[:20]]  # rsync takes 20
        self._run(f'mkdir -p "$root/{RELEASES}"')
        self._send(files, self._staging, ["--delete", *links])
        wanted = shlex.join(sources)
        self._run(
            " &&\n".join(
                _keep(path, kept[path].sha256, wanted, self._staging) for path in sorted(kept.keys() - files.keys())
            )
            or ":"
        )

    def _repair(self, files: Mapping[str, bytes], paths: Iterable[str], folder: str) -> None:
        self._send({path: files[path] for path in paths}, folder, [])

    def _send(self, files: Mapping[str, bytes], folder: str, options: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="publish-") as local:
            for path, content in files.items():
                target = Path(local, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            # By content, never by time: clocks differ. Each file arrives under another name and is then renamed.
            settings = ["--checksum", "--perms", "--chmod=D755,F644", *options]
            self._rsync([f"{local}/", f"{self.host}:{self.root}/{folder}/"], settings)

    def _rsync(self, places: Sequence[str], options: Sequence[str], text: str = "") -> None:
        command = [
            "rsync",
            "--recursive",
            "--protect-args",
            "--timeout=120",
            f"--rsh={shlex.join([*self._ssh, *self._socket])}",
        ]
        try:
            done = subprocess.run(
                [*command, *options, "--", *places], input=text.encode(), capture_output=True, check=False
            )
        except FileNotFoundError as error:
            raise PublishError("there is no rsync on this machine; install it, or publish to another target") from error
        if done.returncode != 0:
            raise PublishError(self._sentence(done.stderr.decode(errors="replace")))

    def _rename(self, old: str, new: str) -> None:
        self._run(f'mv "$root/{old}" "$root/{new}"')

    def _switch(self, folder: str) -> None:
        # `ln -sf` would remove first and then make; `mv` of a link onto one that leads to a folder would move into it.
        self._run(
            f'(set -e; cd "$root"; ln -sfn {folder} {NEXT_LINK}; '
            f"mv -fT {NEXT_LINK} {CURRENT} 2>/dev/null || mv -fh {NEXT_LINK} {CURRENT})"
        )

    def _remove(self, path: str) -> None:
        self._run(f'rm -rf "$root"/{shlex.quote(path)}')


def _keep(path: str, digest: str, sources: str, staging: str) -> str:
    """The script that links the asset `path` into `staging` from the first release that has it with that SHA-256."""
    name = shlex.quote(path)
    return f"""(set -e; cd "$root/{staging}"; mkdir -p "$(dirname {name})"
        for source in {sources}; do
            from="$root/$source"/{name}
            if [ -f "$from" ] && [ "$($hash <"$from")" = "{digest}  -" ]; then
                ln "$from" {name} 2>/dev/null || cp "$from" {name}
                break
            fi
        done)"""


class _RemoteError(PublishError):
    """A command failed on the other machine, with this exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _Shell:
    """A shell on another machine that takes one command after the other over one connection."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe that nobody reads would block
        self._told = 0
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except FileNotFoundError as error:
            raise PublishError(f"there is no {command[0]} on this machine; install it") from error

    def run(self, script: str) -> tuple[int, bytes, str]:
        """The exit status of `script`, its output and its complaint; 255 when the connection ends.

        It is sent as one compound command, so that of a script which arrives in part nothing is done.
        """
        mark = secrets.token_hex(16).encode()
        command = f"{{ {script}\n}} </dev/null; printf '\\n%s %d\\n' {mark.decode()} $?; echo {mark.decode()} >&2\n"
        output = b""
        try:
            stdin, stdout = self._pipes()
            stdin.write(command.encode())
            stdin.flush()
            for line in stdout:
                output += line
                if line.startswith(mark):
                    status = int(line.split()[1])
                    return status, output[: -len(line) - 1], self._complaint(mark)
        except OSError:  # a pipe that nobody reads any more
            pass
        self._process.wait()
        return 255, b"", self._complaint(b"")

    def close(self) -> None:
        """End the connection, and with it the lock."""
        for pipe in self._pipes():
            try:
                pipe.close()
            except OSError:
                continue
        self._process.wait()
        self._errors.close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def _complaint(self, end: bytes) -> str:
        """What was said on standard error since the last time, as far as `end`: it comes on a way of its own, and may
        come later than what was said on standard output."""
        for _ in range(_LOOKS):
            self._errors.seek(self._told)
            said = self._errors.read()
            if end in said:
                break
            time.sleep(_LOOK)
        self._told += len(said)
        return said.replace(end + b"\n", b"").decode(errors="replace") if end else said.decode(errors="replace")
