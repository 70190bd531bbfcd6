"""The stages of a build, in order: load, plan, render, check, write."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct, structs

from rsm_site.assets import Assets
from rsm_site.book import Book, Workshop
from rsm_site.changes import ChangesView, between, describe
from rsm_site.config import Config
from rsm_site.edition import days_of, edition_of
from rsm_site.errors import ContentError, Problem, UsageError, has_error
from rsm_site.exports import Exports
from rsm_site.freeze import freeze
from rsm_site.language import Language
from rsm_site.linkcheck import check_links, inspect_page
from rsm_site.loader import Loaded, load_factsheet
from rsm_site.manifest import MANIFEST, encode_manifest, make_manifest
from rsm_site.material import Material, edition_on, later_on
from rsm_site.memo import Memo, digest, stamp_of_program
from rsm_site.model import Factsheet
from rsm_site.output import check_output_folder, read_file, write_site
from rsm_site.pages import plan_pages
from rsm_site.press import Press, Tell
from rsm_site.proofreading import find_links
from rsm_site.prose import Converter
from rsm_site.render import Renderer, TemplateError, compiling, make_environment
from rsm_site.spare import read_spare, write_spare
from rsm_site.staged import write_staged
from rsm_site.strings import read_strings
from rsm_site.theme import Theme
from rsm_site.views import Addresses, Viewer
from rsm_site.workers import beside


class Audience(Protocol):
    """Who waits for a page while the rest of the site is still being made."""

    def waits_for(self) -> Iterable[str]:
        """The URLs of the pages that are wanted first."""

    def take(self, files: Mapping[str, bytes]) -> None:
        """Get these pages, as far as the site has them, and what they need; the site may yet turn out to be faulty."""


class Built(Struct, frozen=True, kw_only=True):
    """A whole site in memory: its files by URL, and the warnings that it was made with."""

    files: Mapping[str, bytes]
    page_count: int
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(map(len, self.files.values()))


def silent(step: str, done: int = 0, total: int = 0) -> None:
    """Tell nobody."""


def build_site(config: Config, tell: Tell = silent) -> Built:
    """Make the site and put it into the output folder; ContentError when the content has errors, and then nothing is
    written."""
    # A site in templates/ would be taken for the project's own templates by the next build.
    protected = (config.content, config.templates, config.project / "templates")
    check_output_folder(config.output, project=config.project, protected=protected, home=config.home)
    workshop = open_workshop(config)
    built = _make_site(config, workshop, tell)
    tell("writing")
    with beside(partial(_keep, workshop, built.files, spare_of(config))):
        write_site(built.files, config.output)
    return built


def check_site(
    config: Config,
    workshop: Workshop | None = None,
    tell: Tell = silent,
    audience: Audience | None = None,
    changed: Collection[str] | None = None,
) -> Built:
    """Make the site in memory; ContentError carries every problem when there is an error, a warning under `strict`.

    A `workshop` that is used again makes only what has changed since; the site is the same as without one. `changed`
    are the only files that can be others than when it was last used, None when that is not known. `tell` is called with
    the step that begins, and within a long one with how much of it is done; an `audience` gets its pages before the
    rest is made.
    """
    workshop = workshop or open_workshop(config)
    built = _make_site(config, workshop, tell, audience, changed)
    workshop.memo.write()
    return built


def _make_site(
    config: Config,
    workshop: Workshop,
    tell: Tell,
    audience: Audience | None = None,
    changed: Collection[str] | None = None,
) -> Built:
    if config.pdf:
        from rsm_site.exports.pdf import require_weasyprint

        require_weasyprint()
    with compiling(config.templates, config.cache):
        return _run_stages(config, workshop, tell, audience, changed)


def _run_stages(
    config: Config, workshop: Workshop, tell: Tell, audience: Audience | None, changed: Collection[str] | None
) -> Built:
    tell("reading")
    loaded, factsheet, language = _load(config, workshop.memo, changed)
    problems = set(loaded.problems)
    day = config.edition or factsheet.site.edition
    days = days_of(factsheet.site, day)
    editions = tuple(edition_on(factsheet, each, config.known_by, workshop.memo) for each in days)
    later = None if config.edition else later_on(factsheet, day, config.known_by, workshop.memo)
    theme = Theme(config.templates, workshop.memo, loaded.newest)
    assets = theme.assets()
    converter = Converter(workshop.memo)
    book = Book(workshop, theme.digest(config, language))
    material = Material(
        factsheet=factsheet,
        editions=editions,
        later=later,
        language=language,
        texts=loaded.texts,
        converter=converter,
        reads=book.reads,
        memo=workshop.memo,
    )
    exports = Exports(material, book, templates=config.templates, cache=config.cache)
    book.reads.offer("images", lambda _part: exports.images)
    tell("planning")
    plan = plan_pages(material)
    problems.update(plan.problems)
    make = partial(make_environment, config.templates, config.cache, language.word)
    environment = workshop.memo.same("environment", book.theme, make)
    press = Press(plan, Renderer(config.templates, environment, _site_context(assets, exports)), book, tell)
    try:
        if audience:
            early = press.make(url for url in audience.waits_for() if url in plan.pages)
            is_good = not press.problems and not any(press.pages[url].anchors.problems for url in early)
            if is_good and not _has_error(problems, config):
                audience.take({**assets.files, **early})
        # Before the pages that list it, which are made in two processes.
        if config.single_file or config.pdf:
            front = press.make(["index.html"])["index.html"]
            exports.add_front_page(front.decode(), assets.script, single_file=config.single_file, pdf=config.pdf)
        files = {**exports.data_files, **press.make(plan.pages)}
    except TemplateError:
        _stop_at(problems, config, loaded.texts)  # the template may be good, and was given what is not
        raise
    tell("checking")
    files.update({**assets.files, **exports.front_files})
    files.update(exports.conventions(plan.pages, files, _policy_of_hosts(assets, config)))
    anchors = {url: page.anchors for url, page in press.pages.items()}
    anchors.update({url: inspect_page(url, html) for url, html in exports.single_file.items()})
    base = urlsplit(factsheet.site.url).path.rstrip("/") + "/"
    links = check_links(anchors, files, base, partial(find_links, loaded.texts))
    found = book.reads.problems.union(*press.problems.values())
    found.update(problem for problem in links if problem.location.file not in press.problems)  # on its page once more
    # What names nothing at all is not said again for each day.
    unknown = {problem.location for problem in problems if problem.severity == "error"}
    problems.update(problem for problem in found if problem.location not in unknown)
    _stop_at(problems, config, loaded.texts)
    files[MANIFEST] = encode_manifest(make_manifest(files, day.isoformat()))
    book.close(files)
    return Built(files=files, page_count=len(plan.pages), problems=tuple(sorted(problems)), texts=loaded.texts)


def open_workshop(config: Config, *, writes: bool = True) -> Workshop:
    """What the last build of the same project left in the cache and in the output folder, as far as it can be used; one
    that `writes` leaves the like."""
    path = _cached(config, ".sqlite")
    return Workshop(Memo(path, stamp_of_program(), writes=writes), _finder(config))


def spare_of(config: Config) -> Path | None:
    """The file of the cache that has a copy of the project's last site."""
    return _cached(config, ".site")


def _cached(config: Config, suffix: str) -> Path | None:
    places = (os.fsencode(path.absolute()) for path in (config.content, config.templates, config.output))
    return config.cache / f"{digest(*places).hex()}{suffix}" if config.cache else None


def _keep(workshop: Workshop, files: Mapping[str, bytes], spare: Path | None) -> None:
    workshop.memo.write()
    if spare:
        write_spare(files, spare)


def _finder(config: Config) -> Callable[[str], bytes | None]:
    """Who finds a file of the last site: in the output folder, or when that was removed in the copy of it."""
    spare = spare_of(config)
    if spare and not config.output.exists():
        return read_spare(spare).get
    return lambda url: read_file(f"{config.output}/{url}")


def describe_changes(config: Config, before: date, after: date) -> ChangesView:
    """What changed between two days, in the site's language; ContentError when the content has errors."""
    loaded, factsheet, language = _load(config)
    _stop_at(set(loaded.problems), config, loaded.texts)
    editions = [edition_of(factsheet, day, config.known_by) for day in (before, after)]
    addresses = Addresses(factsheet, editions[1], None)
    viewer = Viewer(factsheet, editions[1], language, Converter(), addresses, loaded.texts)
    return describe(between(*editions), viewer)


def freeze_edition(config: Config, day: date) -> Path:
    """Write the claims of the edition of `day` to editions/<day>.json of the content and give that path; ContentError
    when the site cannot be made of the content, UsageError when the day is frozen already or not yet described."""
    _loaded, factsheet, _language = _load(config)
    path = config.content / "editions" / f"{day}.json"
    if path.exists():
        raise UsageError(f"{day} is frozen already; what was published is not rewritten")
    if day > factsheet.site.edition:
        raise UsageError(f"{day} is after the edition of {factsheet.site.edition}; only what was published is frozen")
    if config.known_by:
        raise UsageError("an edition is frozen with all that it says; leave out --known-by")
    check_site(config)
    path.parent.mkdir(exist_ok=True)
    write_staged(path, freeze(edition_of(factsheet, day)))
    return path


def _load(
    config: Config, memo: Memo | None = None, changed: Collection[str] | None = None
) -> tuple[Loaded, Factsheet, Language]:
    if not config.templates.is_dir():
        hint = "leave out --templates to take those of the project, or those that rsm-site comes with"
        raise UsageError(f"there is no folder of templates at {config.templates}; {hint}")
    loaded = load_factsheet(config, memo, changed)
    factsheet = loaded.factsheet
    if factsheet is None or not loaded.is_sound:
        raise ContentError(loaded.problems, loaded.texts)
    site = factsheet.site
    strings, is_own = read_strings(config.templates, site.language, memo)
    if not is_own:
        message = f"there are no interface words in '{site.language}'; they are in English"
        hint = f"copy templates/strings/en.yaml to {site.language}.yaml and translate it"
        problem = Problem(site.located("language"), "no-strings", message, hint, "warning")
        loaded = structs.replace(loaded, problems=(*loaded.problems, problem))
    return loaded, factsheet, Language(site.language, strings)


def _site_context(assets: Assets, exports: Exports) -> dict[str, Any]:
    from markupsafe import Markup

    images = exports.images
    return {
        "css": Markup(assets.css),
        "css_url": assets.css_url,
        "script_url": assets.script_url,
        "inline_policy": _policy(f"'{assets.css_hash}'"),
        "linked_policy": _policy("'self'"),
        "images": images,
        "linked_data": lambda page: Markup(exports.linked_data(page.url, page.heading, page.description)),
        "data_files": exports.describe_data,
    }


def _policy(styles: str, scripts: str = "'self'") -> str:
    """The content security policy with these sources of style sheets and scripts."""
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; img-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    )


def _policy_of_hosts(assets: Assets, config: Config) -> str:
    """The content security policy that a host sends with every page: it allows what each page's own one does."""
    scripts = "'self'"
    if config.single_file and assets.script:
        from rsm_site.exports.single_file import hash_of_script

        scripts += f" '{hash_of_script(assets.script)}'"
    return _policy(f"'self' '{assets.css_hash}'", scripts)


def _has_error(problems: Iterable[Problem], config: Config) -> bool:
    return has_error(problems) or (config.strict and any(problems))


def _stop_at(problems: set[Problem], config: Config, texts: Mapping[str, str]) -> None:
    if _has_error(problems, config):
        found = (structs.replace(each, severity="error") if config.strict else each for each in problems)
        raise ContentError(set(found), texts)
