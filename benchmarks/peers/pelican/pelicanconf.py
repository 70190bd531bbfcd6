"""Settings of Pelican: pages as the other peers make them, and no feeds."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from pelican import signals

SITENAME = "Benchmark"
SITEURL = ""
TIMEZONE = "UTC"
THEME = "theme"
PATH = "content"
OUTPUT_PATH = "public"
ARTICLE_PATHS = ["events"]
SLUGIFY_SOURCE = "basename"
ARTICLE_URL = ARTICLE_SAVE_AS = "events/{slug}.html"
DIRECT_TEMPLATES = ["index", "timeline", "sources"]
DEFAULT_DATE_FORMAT = "%-d %B %Y"
DEFAULT_PAGINATION = False
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None
AUTHOR_SAVE_AS = TAG_SAVE_AS = ""
SOURCES = json.loads(Path(__file__).with_name("sources.json").read_text())


def join_neighbours(generator: Any) -> None:
    """Give every article the one before it and the one after it; Pelican has no such thing of its own."""
    articles = sorted(generator.articles, key=lambda article: (article.date, article.slug))
    for before, after in pairwise(articles):
        before.after, after.before = after, before


class Neighbours:
    """A plugin."""

    __name__ = "neighbours"

    @staticmethod
    def register() -> None:
        """Join them once all articles are read."""
        signals.article_generator_finalized.connect(join_neighbours)


PLUGINS = [Neighbours]
