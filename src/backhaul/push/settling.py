"""What became of rows that were sent and got no answer, as far as the vendor's records tell. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from backhaul.push.entries import InFlight, Receipt
from backhaul.push.readback import Current, Reader, Sent, folded
from backhaul.push.target import Object
from backhaul.push.values import same


class Settler:
    """Reads back the rows of one object. trace: the field that holds our row's id at the vendor, if there is one."""

    def __init__(self, reader: Reader, object: Object, trace: str | None) -> None:
        self._reader = reader
        self._object = object
        self._trace = trace

    def settle(self, rows: Sequence[InFlight]) -> list[Receipt]:
        """confirmed: the vendor holds what was sent. planned: it does not, and sending it again can do no harm.

        unknown: it cannot be found out, or not yet. Raises what `Transport.send` raises; then nothing is known either.
        """
        rows = [self._traced(row) for row in rows]
        reader = self._reader
        receipts: dict[str, Receipt] = {}
        keyed = [row for row in rows if row.vendor_key is not None and row.action != "create" and reader.by_key_batch]
        fields = list(dict.fromkeys(name for row in rows for name in row.values))
        if keyed:
            current = reader.by_key([row.vendor_key for row in keyed if row.vendor_key is not None], fields)
            for row in keyed:
                receipts[row.row] = self._keyed(row, current.get(row.vendor_key or ""))
        by_field: dict[str, list[InFlight]] = defaultdict(list)
        for row in rows:
            if row.row not in receipts and row.match is not None and reader.can_match:
                by_field[row.match[0]].append(row)
        for field, some in by_field.items():
            sent = {row.match[1]: Sent(row.values, row.sent_at) for row in some if row.match is not None}
            matched = reader.by_match(field, list(sent), fields, sent)
            for row in some:
                receipts[row.row] = self._matched(row, matched.get(folded(row.match[1] if row.match else ""), []))
        return [receipts.get(row.row) or self._neither(row) for row in rows]

    def _traced(self, row: InFlight) -> InFlight:
        """A new record is found by our own id, where it stands in a field of the vendor's."""
        if self._trace is None or row.action != "create":
            return row
        return replace(row, match=(self._trace, row.values.get(self._trace) or row.id))

    def _keyed(self, row: InFlight, current: Current | None) -> Receipt:
        if row.action == "delete":
            if current is None:
                return Receipt(row.row, "confirmed", row.vendor_key)
            return Receipt(row.row, "planned", current.key, message="read back: the record is still there")
        if current is None:
            return Receipt(row.row, "refused", row.vendor_key, code="ABSENT", message="the vendor has no such record")
        if self._holds(row, current):
            return Receipt(row.row, "confirmed", current.key, made=False)
        return Receipt(row.row, "planned", current.key, message="read back: the vendor does not hold what was sent")

    def _matched(self, row: InFlight, found: Sequence[Current]) -> Receipt:
        ours = row.match is not None and row.match[0] == self._trace
        if not found:
            if row.action != "upsert" and datetime.now(UTC) - row.sent_at < self._reader.lag:
                seconds = int(self._reader.lag.total_seconds())
                said = (
                    f"not found, and the vendor may need {seconds} s to show a new record: it will be looked for again"
                )
                return Receipt(row.row, "unknown", message=said)
            # a unique field: should it have been created after all, the vendor refuses a second one
            return Receipt(row.row, "planned", message="read back: the vendor has no such record")
        holding = [each for each in found if self._holds(row, each)]
        if len(holding) == 1:
            # with our own id in it, we made it; with a value that anyone may have written, that is not known
            return Receipt(row.row, "confirmed", holding[0].key, made=ours)
        if row.action == "upsert" or (row.action == "update" and len(found) == 1):
            said = "read back: the vendor does not hold what was sent"
            return Receipt(row.row, "planned", found[0].key, message=said)
        if ours and len(found) == 1:
            return Receipt(row.row, "confirmed", found[0].key, made=True)
        what = f"{len(found)} records" if len(found) > 1 else "a record"
        field = row.match[0] if row.match else ""
        said = f"{what} with this {field} and other values: created by this, or before?"
        return Receipt(row.row, "unknown", message=said)

    def _neither(self, row: InFlight) -> Receipt:
        """Nothing finds it. What may be sent twice without harm is sent again; the rest stays unknown."""
        writes = getattr(self._object.definition.writes, row.action)
        if writes and all(write.repeatable for write in writes) and row.action in ("create", "delete"):
            return Receipt(row.row, "planned", message="its write can be repeated without harm")
        said = f"{row.message}; " if row.message else ""
        return Receipt(row.row, "unknown", message=f"{said}nothing unique was sent by which it could be found again")

    def _holds(self, row: InFlight, current: Current) -> bool:
        return all(
            same(value, current.values[name], self._object.field(name), self._object.step)
            for name, value in row.values.items()
            if name in current.values
        )
