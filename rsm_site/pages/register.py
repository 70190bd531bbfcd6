"""The register: every fact with its whole history."""

from msgspec import Struct

from rsm_site import charts
from rsm_site.drawing.sparkline import Sparkline
from rsm_site.edition import FactAt
from rsm_site.model import Observation
from rsm_site.pages.cite import Citation, cite
from rsm_site.pages.desk import Desk
from rsm_site.views import FigureView, ObservationView


class RegisterFact(Struct, frozen=True, kw_only=True):
    """A fact with its whole history; `later` are observations after the edition."""

    figure: FigureView
    observations: tuple[ObservationView, ...]
    later: tuple[ObservationView, ...]
    sparkline: Sparkline | None
    description: str
    cite: Citation


class RegisterView(Struct, frozen=True, kw_only=True):
    """Every fact, by group: id, label, facts."""

    groups: tuple[tuple[str, str, tuple[RegisterFact, ...]], ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """The groups."""
        return tuple((f"group_{id_ or 'other'}", label) for id_, label, _facts in self.groups)


def make_register(desk: Desk) -> RegisterView:
    """Every fact that has a value, by group."""
    groups: dict[str, list[RegisterFact]] = {id_: [] for id_ in desk.site.groups}
    for fact in desk.edition.facts:
        later = desk.later_of(fact)
        if fact.observations or later:
            groups.setdefault(fact.fact.group, []).append(_register_fact(desk, fact, later))
    made = ((id_, desk.viewer.group(id_), tuple(facts)) for id_, facts in groups.items() if facts)
    return RegisterView(groups=tuple(made))


def _register_fact(desk: Desk, fact: FactAt, later: tuple[Observation, ...]) -> RegisterFact:
    figure = desk.viewer.figure(fact)
    value = figure.current.words if figure.current else desk.word("no_figure")
    return RegisterFact(
        figure=figure,
        observations=tuple(
            desk.viewer.observation(observation, current=fact.current) for observation in reversed(fact.observations)
        ),
        later=tuple(desk.viewer.observation(observation, is_later=True) for observation in reversed(later)),
        sparkline=charts.history_line(fact.observations),
        description=desk.describe(fact),
        cite=cite(desk, f"facts.html#{fact.fact.id}", f"{fact.fact.label}: {value}"),
    )
