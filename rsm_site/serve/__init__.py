"""The preview: a server on 127.0.0.1 that shows the site from memory, and shows it anew after each change."""

import asyncio
import gc
import socket
import sys
import webbrowser
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from rsm_site.book import Workshop
from rsm_site.build import Audience, Built, check_site, open_workshop
from rsm_site.config import Config
from rsm_site.errors import SiteError, UsageError
from rsm_site.report import Listed, as_text

if TYPE_CHECKING:
    from rsm_site.serve.preview import Preview

HOST = "127.0.0.1"
_FIRST_PORT, _LAST_PORT = 8000, 8099


def serve(
    config: Config,
    *,
    port: int | None,
    open_browser: bool,
    say: Callable[[str], None],
    listed: Listed = as_text,
    quiet: bool = False,
    build: Callable[[Config, Audience, Collection[str] | None], Built] | None = None,
) -> int:
    """Show the site until Ctrl-C and give the exit status; `port` None takes a free one from 8000 on, 0 any. Problems
    are said as they are `listed`; when `quiet` only they and the link.

    UsageError when what was asked for cannot be built at all, SiteError when the port is in use.
    """
    build = build or partial(_build, open_workshop(config, writes=False))
    tell = (lambda _text: None) if quiet else say
    with _listen(port) as listener, suppress(KeyboardInterrupt):
        asyncio.run(_run(config, listener, open_browser, say, tell, listed, build))
    tell("The preview has ended")
    return 0


def _build(workshop: Workshop, config: Config, audience: Audience, changed: Collection[str] | None) -> Built:
    gc.disable()  # what a build makes lives until the next
    try:
        return check_site(config, workshop, audience=audience, changed=changed)
    finally:
        gc.enable()


async def _run(
    config: Config,
    listener: socket.socket,
    open_browser: bool,
    say: Callable[[str], None],
    tell: Callable[[str], None],
    listed: Listed,
    build: Callable[[Config, Audience, Collection[str] | None], Built],
) -> None:
    from rsm_site.serve.preview import Preview
    from rsm_site.serve.watch import Changes

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: say(f"preview: {context['message']}"))
    changes = Changes((config.content, config.templates))
    sys.setswitchinterval(0.001)  # seconds: who asks for a page is not kept waiting by a build
    preview = Preview(partial(build, config), say, tell, listed)
    await preview.start()
    gc.freeze()  # the site is not looked through for garbage again and again
    link = f"http://{HOST}:{listener.getsockname()[1]}/"
    say(f"Preview: {link} (it follows your changes; Ctrl-C ends it)")
    if open_browser:
        loop.run_in_executor(None, webbrowser.open, link)
    await _serve_until_told(preview, asyncio.gather(changes.watch(say), preview.follow(changes)), listener)


async def _serve_until_told(
    preview: "Preview", work: asyncio.Future[tuple[None, None]], listener: socket.socket
) -> None:
    import uvicorn

    from rsm_site.exports.headers import SECURITY
    from rsm_site.serve.app import make_app

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Before uvicorn waits for open answers: the event streams of open pages would never end by themselves.
            preview.close()
            work.cancel()
            await super().shutdown(sockets)
            with suppress(asyncio.CancelledError):
                await work

    server = Server(
        uvicorn.Config(
            make_app(preview),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            headers=[*SECURITY.items(), ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store")],
            timeout_graceful_shutdown=1,
        )
    )
    work.add_done_callback(lambda _work: setattr(server, "should_exit", True))
    await server.serve(sockets=[listener])


def _listen(port: int | None) -> socket.socket:
    if port is not None and not 0 <= port <= 65535:
        raise UsageError(f"{port} is not a port; ports are numbers up to 65535")
    for candidate in range(_FIRST_PORT, _LAST_PORT + 1) if port is None else (port,):
        # The protocol is named for asyncio's sake, which else lets the system hold back the ends of answers (40 ms).
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":  # there it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if port is not None:
                raise SiteError(
                    f"port {port} cannot be used: {error.strerror}; give another --port, or none to take a free one"
                ) from error
        else:
            return listener
    raise SiteError(f"no port from {_FIRST_PORT} to {_LAST_PORT} is free; give one with --port")
