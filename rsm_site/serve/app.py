"""The preview's answers: what a static host would serve, the script of the preview and its events."""

import json
import re
from collections.abc import AsyncIterator
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

from msgspec import Struct
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rsm_site.exports.headers import content_type
from rsm_site.serve.page import SCRIPT_URL, add_script, differ_in_styles_only, version_of
from rsm_site.serve.preview import Preview, State, count_of

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?", re.IGNORECASE)
# One range; a list of them is answered with the whole, as a server may.
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_PIECE = 65536
_NO_SITE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Preview</title></head>
<body><noscript><pre>{}</pre></noscript></body></html>
"""


class Found(Struct, frozen=True):
    """What stands at a path: a file of the site by its URL, or a page that says why there is none."""

    url: str
    data: bytes
    status: int = 200

    @property
    def is_page(self) -> bool:
        """Tell whether it is HTML."""
        return self.url.endswith(".html")


def make_app(preview: Preview) -> ASGIApp:
    """The application that answers for `preview`."""

    async def events(request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        path, version = (request.query_params.get(name, "") for name in ("path", "version"))
        return StreamingResponse(_events(preview, unquote(path), version), media_type="text/event-stream")

    async def script(request: Request) -> Response:
        return _answer(request, Found("preview.js", Path(__file__).with_name("client.js").read_bytes()))

    async def file(request: Request) -> Response:
        path = request.scope["path"]
        found = _find(preview.state, path)
        if isinstance(found, Found) and found.is_page:
            preview.looked_at = found.url
            found = _find(await preview.latest(), path)
        if isinstance(found, str):
            return Response(status_code=301, headers={"Location": quote(found)})
        if found.is_page:
            found = Found(found.url, add_script(found.data), found.status)
        return _answer(request, found)

    return Starlette(
        routes=[Route("/-/events", events), Route(SCRIPT_URL, script), Route("/{path:path}", file)],
        middleware=[Middleware(_Guard)],
    )


class _Pieces(Response):
    """A response in pieces, so that a reader who is slow holds up one of them and not a copy of the whole."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, max(len(self.body), 1), _PIECE):
            end = start + _PIECE
            is_last = end >= len(self.body)
            await send({"type": "http.response.body", "body": bytes(self.body[start:end]), "more_body": not is_last})


class _Guard:
    """Lets in who reads from this machine, and says to browsers that nobody else may use what they get."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        origin = headers.get("origin", f"http://{host}")
        # A page elsewhere may lead here by a link, but not use what is here in itself.
        site = headers.get("sec-fetch-site", "none")
        is_foreign = site not in ("none", "same-origin") and headers.get("sec-fetch-mode") != "navigate"
        if not _HOST.fullmatch(host) or origin != f"http://{host}" or is_foreign:
            refusal = PlainTextResponse("The preview answers to this machine only.\n", 403)
            await refusal(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            refusal = PlainTextResponse("The preview can only be read.\n", 405, {"Allow": "GET, HEAD"})
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _events(preview: Preview, path: str, version: str) -> AsyncIterator[str]:
    """What a page at `path`, of which the browser has `version`, is to do, as server-sent events."""
    state = preview.state
    told: tuple[str, ...] | None = None
    shown = _page(state, path)
    if version_of(shown) != version:
        yield _event("reload")
    while not preview.closed:
        if state.problems != told:
            told = state.problems
            yield _event("problems", {"title": count_of(told), "problems": told})
        page = _page(state, path)
        if page != shown:
            yield _event("styles" if differ_in_styles_only(shown, page) else "reload")
            shown = page
        state = await preview.next(state)


def _event(name: str, data: object = None) -> str:
    return f"retry: 500\nevent: {name}\ndata: {json.dumps(data)}\n\n"


def _page(state: State, path: str) -> bytes:
    found = _find(state, path)
    return b"" if isinstance(found, str) else found.data


def _find(state: State, path: str) -> Found | str:
    """What stands at `path`, or the path to go to: that of a folder ends with a slash."""
    files = state.files
    if files is None:
        return Found("index.html", _NO_SITE.format(escape("\n\n".join(state.problems))).encode(), 503)
    url = path.removeprefix("/")
    if url == "" or url.endswith("/"):
        url += "index.html"
    if url in files:
        return Found(url, files[url])
    if f"{url}/index.html" in files:
        return f"/{url}/"
    return Found("404.html", files.get("404.html", b"404 Not Found\n"), 404)


def _answer(request: Request, found: Found) -> Response:
    """The file, or the part of it that was asked for (RFC 9110: conditions, then ranges)."""
    size = len(found.data)
    etag = f'"{version_of(found.data)}"'
    headers = {"Content-Type": content_type(found.url), "ETag": etag, "Accept-Ranges": "bytes"}
    wanted = request.headers
    if found.status != 200:
        return _Pieces(found.data, found.status, headers)
    known = {tag.strip().removeprefix("W/") for tag in wanted.get("if-none-match", "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    asked = _RANGE.fullmatch(wanted.get("range", "")) if request.method == "GET" else None
    if asked is None or not (asked[1] or asked[2]) or wanted.get("if-range", etag) != etag:
        return _Pieces(found.data, headers=headers)
    first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if asked[1] and asked[2] and int(asked[2]) < first:
        return _Pieces(found.data, headers=headers)
    if first >= size:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    part = headers | {"Content-Range": f"bytes {first}-{last}/{size}"}
    return _Pieces(found.data[first : last + 1], 206, part)
