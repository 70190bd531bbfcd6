"""The map with its places, and strength by nation."""

from msgspec import Struct, structs

from rsm_site import charts, views
from rsm_site.drawing.map import LAYERS, MORE_LAYERS, MapDrawing
from rsm_site.pages.desk import Desk
from rsm_site.views import HubView, NationsView


class HubsView(Struct, frozen=True, kw_only=True):
    """The map, and the places it shows by role."""

    drawing: MapDrawing | None
    title: str
    description: str
    hubs: tuple[HubView, ...]
    closed: tuple[HubView, ...]


class NationsPageView(Struct, frozen=True, kw_only=True):
    """The tables of strength by nation, the newest first."""

    tables: tuple[NationsView, ...]


def make_hubs(desk: Desk, *, on_front: bool = False) -> HubsView:
    """The map and its places; the front page has the first paragraph of each."""
    hubs = tuple(desk.viewer.hub(hub) for hub in desk.edition.hubs)
    layers = LAYERS if on_front else MORE_LAYERS
    drawing = charts.hubs_map(desk.viewer, desk.edition, desk.factsheet.outline, desk.memo, layers)
    roles: dict[str, list[str]] = {}
    for hub in hubs:
        roles.setdefault(hub.role_label, []).append(hub.name)
    listed = "; ".join(f"{role}: {desk.language.join(names)}" for role, names in roles.items())
    return HubsView(
        drawing=drawing,
        title=desk.word("map_title"),
        description=desk.word("map_description", places=listed),
        hubs=tuple(structs.replace(hub, summary=views.first_paragraph(hub.summary)) for hub in hubs)
        if on_front
        else hubs,
        closed=tuple(desk.viewer.hub(hub) for hub in desk.edition.closed_hubs),
    )


def make_nations(desk: Desk) -> NationsPageView:
    """Every table of strength by nation; a nation is reached in the newest that has it."""
    tables, reached = [], set[str]()
    published = desk.edition.contributions
    for table in (desk.viewer.nations(each, published) for each in reversed(published)):
        rows = [structs.replace(row, anchor="" if row.code in reached else row.code) for row in table.rows]
        reached.update(row.code for row in rows)
        tables.append(structs.replace(table, rows=tuple(rows)))
    return NationsPageView(tables=tuple(tables))
