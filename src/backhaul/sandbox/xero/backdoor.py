"""Changes behind the API's back, for the control API and tests, and the truth that an organisation holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from backhaul.sandbox.tables import Row
from backhaul.sandbox.xero.elements import iso_day
from backhaul.sandbox.xero.kinds import KINDS, Kind
from backhaul.sandbox.xero.organisation import Organisation

# What people make go so that nothing but its absence shows.
VANISH = frozenset({"Items", "LinkedTransactions"})
_APPENDED = "Journals"
_INSIDE = {"lines": ("LineItems", "JournalLines"), "allocations": ("Allocations",), "options": ("Options",)}


class Backdoor:
    """Values are taken as they are: a test may put in what Xero itself would refuse."""

    def __init__(self, organisation: Organisation) -> None:
        self._org = organisation

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op in ("add_field", "remove_field", "retype_field", "add_object"):
            raise ValueError("an organisation of Xero has no fields or objects of its own")
        of = self._kind(object)
        now = self._org.stamp_now()
        if op == "create":
            known = {name: value for name, value in _exact(values).items() if name in of.fields and value is not None}
            if "Allocations" in known:
                fresh = [{**each, "AllocationID": self._org.new_id("allocations")} for each in known["Allocations"]]
                known["Allocations"] = fresh
            made = self._org.insert(of, known, at=now)
            if of.name == "Payments":
                self._org.settle(made, now)
            return {"id": made.id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = self._org.tables[of.name].require(id)
        if of.name == _APPENDED:
            raise ValueError("a journal is never changed: another one reverses it")
        match op:
            case "update":
                if not of.stamp:
                    raise ValueError(f"nobody changes a record of {of.name} here")
                self._org.update(of, row, _exact(values), at=now)
            case "delete":
                self._delete(of, row)
            case "restore":
                self._restore(of, row)
            case "purge" if of.name in VANISH:
                self._org.tables[of.name].purge(id)
            case "merge" if of.name == "Contacts":
                self._merge(of, row, self._org.tables[of.name].require(str(values["loser"])))
            case _:
                raise ValueError(f"Xero cannot {op} a record of {of.name}")
        return {"id": id, "trace": of.name not in VANISH}

    def _delete(self, of: Kind, row: Row) -> None:
        """As people do in the product: contacts and accounts are archived, drafts deleted, the rest voided or kept."""
        now = self._org.stamp_now()
        if of.name in VANISH:
            self._org.tables[of.name].delete(row.id, now)
        elif "ARCHIVED" in of.gone and of.stamp:
            self._org.update(of, row, {of.status: "ARCHIVED"}, at=now)
        elif "DELETED" in of.gone and of.stamp:
            self._org.update(of, row, {of.status: "DELETED"}, at=now)
            if of.name == "Payments":
                self._org.settle(row, now, back=True)
        else:
            raise ValueError(f"nobody deletes a record of {of.name}")

    def _restore(self, of: Kind, row: Row) -> None:
        """Only what was archived comes back."""
        if self._org.state(of, row) != "ARCHIVED":
            raise ValueError(f"a deleted record of {of.name} does not come back")
        back = {of.status: "ACTIVE", **({"MergedToContactID": None} if of.name == "Contacts" else {})}
        self._org.update(of, row, back, at=self._org.stamp_now())

    def _merge(self, of: Kind, winner: Row, loser: Row) -> None:
        """The documents of the loser are the winner's from now on; the loser is archived, and says into which."""
        now = self._org.clock.now()
        for other in KINDS.values():
            for row in list(self._org.rows(other)) if "Contact" in other.fields and other.stamp else ():
                if row.values.get("Contact", {}).get("ContactID") == loser.id:
                    self._org.update(other, row, {"Contact": {"ContactID": winner.id}}, at=now)
        self._org.update(of, loser, {"ContactStatus": "ARCHIVED", "MergedToContactID": winner.id}, at=now)
        self._org.update(of, winner, {}, at=now)

    def dump(self, object: str) -> list[dict[str, Any]]:
        """The truth of an endpoint, or of what stands within its records (`Invoices_lines`)."""
        name, _, inside = object.partition("_")
        of = self._kind(name)
        records = [self._org.truth(of, row) for row in self._org.tables[of.name].order if not row.purged]
        if not inside:
            return records
        if inside not in _INSIDE:
            raise KeyError(f"records of {name} hold no {inside}")
        found = []
        for each in records:
            entries: list[dict[str, Any]] = next((each[field] for field in _INSIDE[inside] if field in each), [])
            for place, entry in enumerate([] if each["_deleted"] else entries, 1):
                told = {"Date": iso_day(entry["Date"])} if "Date" in entry else {}
                found.append({**entry, **told, of.id: each[of.id], "Place": str(place)})
        return found

    def _kind(self, name: str) -> Kind:
        if name not in KINDS:
            raise KeyError(f"there is no endpoint {name}; there are: {', '.join(KINDS)}")
        return KINDS[name]


def _exact(values: dict[str, Any]) -> dict[str, Any]:
    """Amounts as decimals, as the organisation keeps them."""
    return {
        name: Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in values.items()
    }
