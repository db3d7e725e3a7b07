"""Sends batches: intents before, receipts after, and a reading back of what got no answer."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backhaul.errors import BackhaulError, Reauthorise, Wait
from backhaul.http.refusals import Refused, Stopped
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import unescape
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.writes import OutRow, PartlySent, Target, send
from backhaul.push.entries import Intent, Receipt
from backhaul.push.ledger import Ledger
from backhaul.push.looking import Ready
from backhaul.push.plan import PlanRow
from backhaul.push.report import Tally
from backhaul.push.settling import Settler
from backhaul.push.target import Object
from backhaul.push.values import typed
from backhaul.telemetry.crashpoints import crash_point


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a batch. again: rows to look at and send once more. error: what stopped it, if anything."""

    again: tuple[PlanRow, ...]
    written: int
    refused: int
    error: BackhaulError | None = None


class Sender:
    """The batches of one object, for one of the vendor's writes."""

    def __init__(
        self, object: Object, connection: Connection, target: Target, settler: Settler, ledger: Ledger, number: int,
        scheme: str, run: str, who: str, trace: str | None, tally: Tally,
    ) -> None:  # fmt: skip
        self._object = object
        self._connection = connection
        self._target = target
        self._settler = settler
        self._ledger = ledger
        self._number = number
        self._scheme = scheme
        self._run = run
        self._who = who
        self._trace = trace
        self._tally = tally

    def send(self, batch: Sequence[Ready]) -> Sent:
        """Send one batch."""
        name = uuid.uuid4().hex
        rows = [each.row for each in batch]
        intents = [self._intent(row) for row in rows]
        self._ledger.intend(self._number, name, self._run, self._who, intents, self._scheme)
        crash_point("push_intent")
        error: BackhaulError | None = None
        answers: list[RowAnswer] = []
        try:
            answers = send(
                self._connection, self._target, [self._out(each) for each in batch],
                on_job=lambda job: self._ledger.job(name, job),
            )  # fmt: skip
        except PartlySent as partly:
            answers, error = partly.answers, partly.error
        except BackhaulError as stopped:
            error = stopped
        crash_point("push_sent")
        looked = [each.looked_at for each in batch if each.looked_at is not None]
        if looked and self._target.write.version is None:
            self._tally.saw_window(time.monotonic() - min(looked))
        receipts = self._receipts(batch, answers, error)
        self._ledger.receive(self._number, receipts)
        crash_point("push_receipt")
        lost = {each.row for each in receipts if each.state == "unknown"}
        if lost and not isinstance(error, Stopped):
            read, trouble = self._read_back(lost)
            error = error or trouble
            receipts = [each for each in receipts if each.row not in lost] + read
        states = Counter(each.state for each in receipts)
        return Sent(tuple(self._count(rows, receipts)), states["confirmed"], states["refused"], error)

    def _receipts(
        self, batch: Sequence[Ready], answers: Sequence[RowAnswer], error: BackhaulError | None
    ) -> list[Receipt]:
        by_id = {each.id: each for each in answers}
        # refused at the door: nothing of the call that was refused so was written
        untouched = isinstance(error, Reauthorise | Wait | Stopped | Refused) and self._target.write.job is None
        receipts = []
        for ready in batch:
            row = ready.row
            answer = by_id.get(row.id)
            if answer is None:
                said = error.what if error is not None else "no answer names it"
                receipts.append(Receipt(row.row, "planned" if untouched else "unknown", message=said))
                continue
            made = answer.created
            if made is None and self._target.mode == "create":
                # a create that can be repeated says nothing of what was there before, unless it is known by our id
                write = self._target.write
                made = ready.absent or write.is_keyed or not write.repeatable
            # a record that changed in between is looked at again: nothing was written
            state = "planned" if answer.state == "conflict" else answer.state
            receipts.append(
                Receipt(
                    row.row,
                    state,
                    answer.key,
                    answer.changed,
                    answer.code,
                    answer.message,
                    answer.field,
                    made,
                )
            )
        return receipts

    def _read_back(self, lost: set[str]) -> tuple[list[Receipt], BackhaulError | None]:
        flying = [row for row in self._ledger.in_flight(self._number) if row.row in lost]
        try:
            receipts = self._settler.settle(flying)
        except BackhaulError as error:
            return [Receipt(row.row, "unknown", message=row.message) for row in flying], error
        self._ledger.receive(self._number, receipts)
        crash_point("push_settled")
        return receipts, None

    def _count(self, rows: Sequence[PlanRow], receipts: Sequence[Receipt]) -> list[PlanRow]:
        by_row = {row.row: row for row in rows}
        again: list[PlanRow] = []
        for each in receipts:
            row = by_row[each.row]
            match each.state:
                case "confirmed":
                    self._tally.count_written("update" if row.write == "upsert" and each.made is False else row.action)
                    if each.code:
                        self._tally.note(self._object, each, "altered")
                case "planned":
                    again.append(row)
                case "refused" | "unknown":
                    self._tally.count_failed(each.state, each.code)
                    self._tally.note(self._object, each)
        return again

    # -- what is sent ----------------------------------------------------------------------------------------------

    def _intent(self, row: PlanRow) -> Intent:
        before = {each.field: each.before for each in row.changes if each.seen}
        return Intent(row.row, row.id, row.write, self._after(row), before, row.key, row.match, row.hash)

    def _after(self, row: PlanRow) -> Mapping[str, str | None]:
        if row.action == "delete":
            return {}
        traced = {self._trace: row.id} if self._trace is not None and row.write == "create" else {}
        return {**{each.field: each.after for each in row.changes}, **traced}

    def _out(self, ready: Ready) -> OutRow:
        row = ready.row
        # the request that takes a link away names its two ends
        sent = {each.field: each.before for each in row.changes} if row.action == "delete" else self._after(row)
        values = {name: typed(value, self._object.field(name)) for name, value in sent.items()}
        key = unescape(row.key) if row.key is not None and len(self._object.schema.key) == 1 else row.key
        match = row.match[1] if row.match is not None and self._target.mode == "upsert" else None
        return OutRow(row.id, values, key, match, ready.version)
