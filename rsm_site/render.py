"""Page -> HTML text; owns the Jinja2 environment."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO

import jinja2
from jinja2.bccache import Bucket

from rsm_site.errors import SiteError
from rsm_site.memo import SIZE, digest
from rsm_site.pages import Page
from rsm_site.stamps import list_files
from rsm_site.workers import beside, can_fork

_SYNTAX: dict[str, Any] = {
    "trim_blocks": True,
    "lstrip_blocks": True,
    "optimized": False,  # looks for constants to fold, a tenth of the time of compiling; there are hardly any
}


class TemplateError(SiteError):
    """A template cannot be rendered; the message names the template, its line and the page."""


class Renderer:
    """Renders pages with the templates of one folder."""

    def __init__(self, templates: Path, environment: jinja2.Environment, site: Mapping[str, Any]) -> None:
        """Render with the environment of this folder; `site` holds what every template may use beside its page."""
        self._templates = templates
        self._environment = environment
        self._site = site

    def render(self, page: Page) -> str:
        """The page's HTML; TemplateError says where a template fails."""
        try:
            template = self._environment.get_template(page.template)
            return template.render(self._site, page=page.frame, view=page.view) + "\n"
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"templates/{error.name}:{error.lineno}: {error.message} (in {page.url})") from error
        except jinja2.TemplateNotFound as error:
            raise TemplateError(f"there is no template '{error.name}' (wanted for {page.url})") from error
        except UnicodeDecodeError as error:
            raise TemplateError(f"templates/{self._undecodable()} is not UTF-8 (in {page.url})") from error
        except (jinja2.TemplateError, TypeError, LookupError, ValueError, AttributeError) as error:
            where = self._innermost(error)
            if where is None:
                raise
            raise TemplateError(f"templates/{where}: {error} (in {page.url})") from error

    def _undecodable(self) -> str:
        """The first template that is not UTF-8."""
        for name in (name for name in list_files(self._templates) if name.endswith((".html", ".svg"))):
            try:
                (self._templates / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                return name
        return ""

    def _innermost(self, error: BaseException) -> str | None:
        """File and line of the deepest template in the traceback; None when no template was running."""
        found = None
        trace = error.__traceback__
        while trace:
            path = Path(trace.tb_frame.f_code.co_filename)
            if path.is_relative_to(self._templates):
                found = f"{path.relative_to(self._templates).as_posix()}:{trace.tb_lineno}"
            trace = trace.tb_next
        return found


class _Environment(jinja2.Environment):
    """Templates of one project, none of which has globals of its own: one dictionary is quicker to read than two."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template."""
        return self.globals if d is None else super().make_globals(d)


class _Bucket(Bucket):
    """A compiled template, whose file begins with its own hash: what was cut short or touched is compiled again."""

    def load_bytecode(self, f: BinaryIO) -> None:
        """Take what the file holds if it was written whole."""
        kept = f.read()
        if digest(kept[SIZE:]) == kept[:SIZE]:
            super().load_bytecode(BytesIO(kept[SIZE:]))

    def write_bytecode(self, f: IO[bytes]) -> None:
        """Write it and its hash."""
        made = BytesIO()
        super().write_bytecode(made)
        f.write(digest(made.getvalue()) + made.getvalue())


class _BytecodeCache(jinja2.FileSystemBytecodeCache):
    """Compiled templates in a folder, each known by its source and by how it was compiled; where it cannot be read or
    written, they are compiled again."""

    def get_bucket(self, environment: jinja2.Environment, name: str, filename: str | None, source: str) -> Bucket:
        """The bucket of a template, filled with what is kept of it."""
        bucket = _Bucket(environment, self.get_cache_key(name, filename), self.get_source_checksum(source))
        self.load_bytecode(bucket)
        return bucket

    def get_source_checksum(self, source: str) -> str:
        """A hash of the source and of how it is compiled."""
        return super().get_source_checksum(f"{jinja2.__version__} {_SYNTAX} {source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what is kept."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what the bucket holds."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


@contextmanager
def compiling(templates: Path, cache: Path | None) -> Iterator[None]:
    """Have the templates compiled into the cache meanwhile if it holds none at all; whoever comes to one first compiles
    it."""
    if cache is None or not can_fork() or _holds_templates(cache):
        yield
        return
    with beside(lambda: _compile_all(make_environment(templates, cache))):
        yield


def _holds_templates(cache: Path) -> bool:
    with suppress(OSError):
        return any((cache / "templates").glob("*.cache"))
    return False


def _compile_all(environment: jinja2.Environment) -> None:
    # The front page, which is made first, begins with what has the first names: the two meet somewhere.
    for name in reversed(environment.list_templates(extensions=["html"])):
        with suppress(jinja2.TemplateError, UnicodeDecodeError):  # told when a page wants it
            environment.get_template(name)


def make_environment(templates: Path, cache: Path | None, word: Callable[..., str] | None = None) -> jinja2.Environment:
    """The environment of the templates in a folder, which say each `word` of the interface by its name; `cache` keeps
    compiled templates between runs."""
    environment = _Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        bytecode_cache=_bytecode_cache(cache),
        **_SYNTAX,
    )
    environment.globals["t"] = word
    return environment


def _bytecode_cache(folder: Path | None) -> jinja2.BytecodeCache | None:
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "templates").mkdir(exist_ok=True)
    except OSError:
        return None
    return _BytecodeCache(str(folder / "templates"), "%s.cache")
