"""Real peers on this machine: nginx, sshd, a store of the S3 kind, and sites of a few files to publish to them."""

import contextlib
import hashlib
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import debian
import pytest

from rsm_site.manifest import MANIFEST, encode_manifest, make_manifest
from rsm_site.publish.deliver import Wishes, publish_files, roll_back
from rsm_site.publish.history import HISTORY
from rsm_site.publish.host import Host

NOW = "2021-02-11T12:00:00Z"


def require(program: str, package: str) -> str:
    """Return the path of `program`; install `package` where we may, else skip by name, or fail in CI."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
    if found := shutil.which(program, path=path):
        return found
    debian.install(package)
    if found := shutil.which(program, path=path):
        return found
    message = f"there is no {program} here: run 'apt-get install {package}'"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def site(version: str, *, events: int = 2, personnel: str = "about 13,000", removed: int = 0) -> dict[str, bytes]:
    """Return a small whole site whose pages name their version and the style sheet of that version."""
    style = f"/* {version} */\n".encode() * 20
    css = f"assets/site.{hashlib.sha256(style).hexdigest()[:12]}.css"
    observation = {"date": "2021", "words": personnel, "status": "reported", "current": True}
    facts = {
        "site": {"edition": "2021-02-11"},
        "facts": [{"id": "personnel", "label": "Personnel", "observations": [observation]}],
        "events": [{"id": f"event-{number}", "title": f"Event {number}", "date": "2020"} for number in range(events)],
    }
    page = f'<link rel="stylesheet" href="{css}"><h1>{version}</h1><p>{personnel}</p>'.encode()
    files = {
        "index.html": page,
        css: style,
        "assets/same.0123456789ab.js": b"same()",
        "data/factsheet.json": json.dumps(facts).encode(),
        "about.html": b"<h1>About</h1>",
        "sitemap.xml": f"<urlset>{version}</urlset>".encode(),
        ".nojekyll": b"",
        **{f"events/event-{number}.html": f"<h1>{number}</h1>".encode() for number in range(removed, events)},
    }
    return {**files, MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))}


def release_of(files: dict[str, bytes]) -> str:
    """Return the release id of a site."""
    release: str = json.loads(files[MANIFEST])["release"]
    return release


def publish(host: Host, files: dict[str, bytes], **wishes: object) -> list[str]:
    """Publish `files` without asking; return what was said."""
    said: list[str] = []
    publish_files(host, files, Wishes(published=NOW, say=said.append, **wishes))  # type: ignore[arg-type]
    return said


def back(host: Host, release: str = "") -> list[str]:
    """Roll back without asking; return what was said."""
    said: list[str] = []
    roll_back(host, release, Wishes(published=NOW, say=said.append))
    return said


def is_whole(found: dict[str, bytes], sites: list[dict[str, bytes]]) -> int:
    """Return which of `sites` readers get, -1 if none: every file of it, and else only assets and the history."""
    for number, files in enumerate(sites):
        others = {path for path in found.keys() - files.keys() if not path.startswith("assets/") and path != HISTORY}
        if found.items() >= files.items() and not others:
            return number
    return -1


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder`, which may be a link."""
    root = folder.resolve()
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def killed_at(number: int, targets: list[tuple[object, str]], job: Callable[[], object]) -> bool:
    """Run `job` in a forked child that is killed before its `number`th call of any of `targets` (owner and name of a
    function); False when it came to its end before that."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            count = 0

            def counted(call: Callable[..., object]) -> Callable[..., object]:
                def wrapper(*arguments: object, **named: object) -> object:
                    nonlocal count
                    count += 1
                    if count == number:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return call(*arguments, **named)

                return wrapper

            for owner, name in targets:
                setattr(owner, name, counted(getattr(owner, name)))
            job()
            os._exit(0)
        os._exit(70)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, status
    return os.WIFSIGNALED(status)


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    """Wait until somebody listens at `port`."""
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"nobody listens at port {port}")


@contextlib.contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        wait_for_port(port)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextlib.contextmanager
def nginx(root: Path, folder: Path, more: str = "") -> Iterator[int]:
    """Serve `root` by nginx from files in `folder`, with `more` settings of the server; the port."""
    program, port = require("nginx", "nginx-light"), free_port()
    folder.mkdir()
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        f"""{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 64; }}
        http {{
          access_log off; keepalive_requests 100000; types {{ text/html html; text/css css; }}
          client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
          uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
          server {{ listen 127.0.0.1:{port}; root {root}; {more} }}
        }}"""
    )
    with running([program, "-c", str(config), "-p", str(folder)], port, folder / "log"):
        yield port


class Sshd:
    """An OpenSSH server of our own with a key made for it, and an `ssh` in the path that knows both."""

    def __init__(self, folder: Path) -> None:
        self.program = require("sshd", "openssh-server")
        require("ssh", "openssh-client")
        require("rsync", "rsync")
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        for name in ("host", "user", "other"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)
        (folder / "authorized_keys").write_bytes((folder / "user.pub").read_bytes())
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {folder}/host\nPidFile {folder}/pid\nStrictModes no\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\nUsePAM no\nMaxStartups 100\n"
            "SetEnv SHLVL=2\n"  # or bash reads the settings of a person, which may take its time
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself in
        self.know("host")
        self.log_in_with("user")

    def know(self, name: str) -> None:
        """Let the client know the key `name` as that of the server."""
        words = (self.folder / f"{name}.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"* {words[0]} {words[1]}\n")

    def log_in_with(self, name: str) -> None:
        """Let the client use the key `name`."""
        (self.folder / "ssh_config").write_text(
            f"UserKnownHostsFile {self.folder}/known_hosts\nGlobalKnownHostsFile /dev/null\nIdentitiesOnly yes\n"
            f"IdentityFile {self.folder}/{name}\nStrictHostKeyChecking no\nKexAlgorithms curve25519-sha256\n"
        )

    def client(self) -> Path:
        """Return a folder with an `ssh` that reads these settings as the user's."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.folder}/ssh_config "$@"\n')
        (folder / "ssh").chmod(0o755)
        return folder

    def running(self) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """Run the server until the end of the block."""
        command = [self.program, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        return running(command, self.port, self.folder / "log")


class Cut:
    """Passes bytes on between a client and the server at `port`, and cuts every connection once the client has sent
    `limit` bytes in all."""

    def __init__(self, port: int) -> None:
        self.limit: int | None = None
        self.sent = 0
        outer = self
        self.lock = threading.Lock()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                client: socket.socket = self.request
                with socket.create_connection(("127.0.0.1", port)) as server:
                    back = threading.Thread(target=outer._pass, args=(server, client, False), daemon=True)
                    back.start()
                    outer._pass(client, server, True)
                    back.join(timeout=10)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        self.open: set[socket.socket] = set()
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def start(self, limit: int | None) -> None:
        """Count anew, up to `limit`."""
        with self.lock:
            self.limit, self.sent = limit, 0

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with self.lock:
            self.open |= {source, target}
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counted:
                    with self.lock:
                        room = len(data) if self.limit is None else max(0, self.limit - self.sent)
                        self.sent += len(data)
                    if room < len(data):
                        target.sendall(data[:room])
                        with self.lock:
                            for each in self.open:
                                with contextlib.suppress(OSError):
                                    each.shutdown(socket.SHUT_RDWR)
                        return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


class FaultyStore:
    """Passes requests on to the store at `port`, and answers 500, or nothing, from the `limit`th request on; `again`
    lets all pass after that many faults."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.limit: int | None = None
        self.silent = False
        self.faults: int | None = None
        self.count = 0
        self.requests: list[tuple[str, str, int]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.count += 1
                outer.requests.append((self.command, self.path, len(body)))
                late = outer.count - outer.limit if outer.limit is not None else -1
                if late >= 0 and (outer.faults is None or late < outer.faults):
                    self.close_connection = True
                    if not outer.silent:
                        self.send_response(500)
                        self.send_header("Content-Length", "0")
                        self.send_header("Connection", "close")
                        self.end_headers()
                    return
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                data = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(data)
                connection.close()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def start(self, limit: int | None, *, silent: bool = False, faults: int | None = None) -> None:
        """Count anew; fail from the `limit`th request on, for `faults` requests or for good."""
        self.limit, self.silent, self.faults, self.count, self.requests = limit, silent, faults, 0, []

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
