"""Links between records: kept both ways, and seeded when a pair of types is first looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backhaul.sandbox.hubspot.answers import refuse

if TYPE_CHECKING:
    from backhaul.sandbox.hubspot.portal import Portal

Pair = tuple[str, str]
# (from, to) -> the unlabelled type's id, and the primary one's where there is one.
TYPE_IDS: dict[Pair, tuple[int, int | None]] = {
    ("contacts", "companies"): (279, 1),
    ("companies", "contacts"): (280, 2),
    ("deals", "contacts"): (3, None),
    ("contacts", "deals"): (4, None),
    ("deals", "companies"): (341, 5),
    ("companies", "deals"): (342, 6),
    ("tickets", "contacts"): (16, None),
    ("contacts", "tickets"): (15, None),
    ("tickets", "companies"): (339, 26),
    ("companies", "tickets"): (340, 25),
    ("tickets", "deals"): (28, None),
    ("deals", "tickets"): (27, None),
    ("deals", "line_items"): (19, None),
    ("line_items", "deals"): (20, None),
    ("quotes", "deals"): (64, None),
    ("deals", "quotes"): (63, None),
    ("leads", "contacts"): (608, 578),
    ("contacts", "leads"): (609, 579),
    ("leads", "companies"): (610, None),
    ("companies", "leads"): (611, None),
    ("notes", "contacts"): (202, None),
    ("contacts", "notes"): (201, None),
    ("notes", "companies"): (190, None),
    ("companies", "notes"): (189, None),
    ("notes", "deals"): (214, None),
    ("deals", "notes"): (213, None),
    ("tasks", "contacts"): (204, None),
    ("contacts", "tasks"): (203, None),
    ("tasks", "companies"): (192, None),
    ("companies", "tasks"): (191, None),
    ("tasks", "deals"): (216, None),
    ("deals", "tasks"): (215, None),
    ("calls", "contacts"): (194, None),
    ("contacts", "calls"): (193, None),
    ("calls", "companies"): (182, None),
    ("companies", "calls"): (181, None),
    ("calls", "deals"): (206, None),
    ("deals", "calls"): (205, None),
    ("meetings", "contacts"): (200, None),
    ("contacts", "meetings"): (199, None),
    ("meetings", "companies"): (188, None),
    ("companies", "meetings"): (187, None),
    ("meetings", "deals"): (212, None),
    ("deals", "meetings"): (211, None),
    ("emails", "contacts"): (198, None),
    ("contacts", "emails"): (197, None),
    ("emails", "companies"): (186, None),
    ("companies", "emails"): (185, None),
    ("emails", "deals"): (210, None),
    ("deals", "emails"): (209, None),
    ("communications", "contacts"): (81, None),
    ("contacts", "communications"): (82, None),
}


@dataclass(frozen=True, slots=True)
class Spec:
    """One type of association, as HubSpot names it."""

    category: str
    type_id: int
    label: str | None = None

    def shown(self) -> dict[str, Any]:
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


Specs = tuple[Spec, ...]
Links = dict[str, dict[str, Specs]]
Seed = Callable[[], Iterable[tuple[str, str, bool]]]


class Associations:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._links: dict[Pair, Links] = {}
        # How a pair begins: (from id, to id, whether it is the primary one).
        self.seeds: dict[Pair, Seed] = {}

    def specs(self, pair: Pair) -> tuple[Spec, Spec | None]:
        """The unlabelled type of a pair and its primary one; refuses a pair that cannot be linked."""
        known = TYPE_IDS.get(pair)
        if known is not None:
            plain, primary = known
            return Spec("HUBSPOT_DEFINED", plain), None if primary is None else Spec(
                "HUBSPOT_DEFINED", primary, "Primary"
            )
        left, right = (self._portal.types[name] for name in pair)
        for of, other, type_id in ((left, right, 21), (right, left, 22)):
            if of.custom and other.type_id in of.associated:
                return Spec("USER_DEFINED", type_id), None
        return refuse(f"No association types found between {left.type_id} and {right.type_id}")

    def of(self, pair: Pair, id: str) -> dict[str, Specs]:
        """What a record is linked to; links to and from records that are gone do not count."""
        row = self._portal.tables[pair[0]].get(id)
        if row is None or not row.live:
            return {}
        others = self._portal.tables[pair[1]]
        linked = self._pair(pair).get(id, {})
        return {
            to: linked[to] for to in sorted(linked, key=int) if (other := others.get(to)) is not None and other.live
        }

    def add(self, pair: Pair, id: str, to: str, specs: Specs | None = None) -> Specs:
        """Link two records both ways; without `specs` by the unlabelled type."""
        plain, primary = self.specs(pair)
        specs = specs or (plain,)
        links = self._pair(pair)
        held = links.setdefault(id, {})
        if primary in specs:
            # There is one primary company: the one before becomes an ordinary one.
            for other, was in held.items():
                held[other] = tuple(spec for spec in was if spec != primary)
        held[to] = tuple({**dict.fromkeys(held.get(to, ())), **dict.fromkeys(specs), plain: None})
        back_plain, back_primary = self.specs((pair[1], pair[0]))
        back = self._pair((pair[1], pair[0])).setdefault(to, {})
        back[id] = (back_primary, back_plain) if back_primary is not None and primary in specs else (back_plain,)
        return held[to]

    def remove(self, pair: Pair, id: str, to: str) -> None:
        self._pair(pair).get(id, {}).pop(to, None)
        self._pair((pair[1], pair[0])).get(to, {}).pop(id, None)

    def move(self, name: str, loser: str, winner: str) -> None:
        """What the loser was linked to, the winner is linked to."""
        for other in list(self._portal.types):
            pair = (name, other)
            if pair in TYPE_IDS or pair in self._links or pair in self.seeds or (other, name) in self.seeds:
                for to in list(self._pair(pair).get(loser, {})):
                    self.remove(pair, loser, to)
                    self.add(pair, winner, to)

    def all(self, pair: Pair) -> Iterable[tuple[str, str, Specs]]:
        """Every link between live records."""
        for id in sorted(self._pair(pair), key=int):
            for to, specs in self.of(pair, id).items():
                yield id, to, specs

    def _pair(self, pair: Pair) -> Links:
        links = self._links.get(pair)
        if links is None:
            links = self._links[pair] = {}
            forth, back = self.seeds.get(pair), self.seeds.get((pair[1], pair[0]))
            plain, primary = self.specs(pair)
            both = (plain,) if primary is None else (primary, plain)
            for id, to, main in forth() if forth else ():
                links.setdefault(id, {})[to] = both if main else (plain,)
            for to, id, main in back() if back else ():
                links.setdefault(id, {})[to] = both if main else (plain,)
        return links
