"""Proposals: an agent's wish as a push of one row, planned when it is made, written when a person approves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from backhaul.agent.answers import FieldDiff, ProposalAnswer
from backhaul.agent.asking import Misasked, listed, no_column
from backhaul.agent.reader import Reader
from backhaul.config.push import Push
from backhaul.errors import BackhaulError, ConfigError
from backhaul.pipeline.context import Context
from backhaul.pipeline.pushing import Pushing, recorded, user
from backhaul.publish.query import open_snapshot
from backhaul.push.plan import Plan
from backhaul.push.report import PushReport
from backhaul.state.proposals import Diff, Proposal
from backhaul.telemetry.context import bound

MOST_PENDING = 1000
"""Undecided proposals of a customer; more are refused until a person has looked."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposal as it stands after it was approved. report: what was written; None where nothing was tried."""

    proposal: Proposal
    report: PushReport | None

    @property
    def exit_code(self) -> int:
        return 0 if self.proposal.status == "applied" else (self.report.exit_code if self.report else 0) or 1


class Proposing:
    """Takes up proposals of one agent. who: a token or a user, for the record."""

    def __init__(self, context: Context, who: str) -> None:
        self._context = context
        self._who = who

    def __call__(self, reader: Reader, entity: str, id: str, changes: dict[str, Any], reason: str) -> ProposalAnswer:
        """Plan it and keep it. Raises Misasked where it cannot be."""
        context = self._context
        allowed = reader.policy.propose.get(entity, frozenset())
        if not allowed:
            there = [name for name, columns in reader.policy.propose.items() if columns]
            raise Misasked(f"changes to {entity} may not be proposed", f"They may be to: {listed(there) or 'nothing'}.")
        if not changes:
            raise Misasked("there is no change in it", f"Give values for: {listed(sorted(allowed))}.")
        for column in changes:
            if column not in allowed:
                raise no_column(f"{entity} (of those that may be proposed)", column, sorted(allowed))
        held = reader.held(entity, id, changes)
        if context.state.proposals.pending(context.customer) >= MOST_PENDING:
            raise Misasked("too many proposals wait for a person already", "Propose nothing more for now.")
        wanted = {name: None if value is None else _text(value) for name, value in changes.items()}
        plan = self._plan(entity, id, wanted)
        fields = {each.field: each for row in _rows(plan) for each in row.changes}
        columns = _columns(context, plan, entity, wanted)
        diff = tuple(
            Diff(column, field, fields[field].before, fields[field].after)
            for column, field in columns.items()
            if field in fields
        )
        if not diff:
            raise Misasked("the record holds these values already", "Propose nothing where nothing changes.")
        kept = context.state.proposals.add(
            context.customer, entity, id, wanted, diff, reason=reason, who=self._who, version=plan.version
        )
        # what was before is told as the agent may see it, not as the vendor's field holds it
        shown = [
            FieldDiff(column=each.column, before=_shown(held[each.column]), after=each.after, field=each.field)
            for each in diff
        ]
        return reader.answer_about(
            ProposalAnswer, entity, proposal=kept.id, status=kept.status, entity=entity, id=id, diff=shown
        )

    def _plan(self, entity: str, id: str, wanted: Mapping[str, str | None]) -> Plan:
        try:
            with Pushing(self._context) as pushing:
                plan = pushing.plan(pushing.task_of("proposal", push_of(self._context, entity, id, wanted)))
        except ConfigError as error:
            raise Misasked(error.what, "Propose other values or columns; describe_entity tells their types.") from error
        refused = [each for part in plan.objects for each in part.refused] + list(plan.refused)
        if refused:
            raise Misasked(refused[0].reason, "Propose what the system can take.")
        conflicts = [each for part in plan.objects for each in part.conflicts]
        if conflicts:
            raise Misasked(conflicts[0].reason, "Read the record again, and propose from what it holds then.")
        return plan


def list_proposals(context: Context, status: Any = None, limit: int = 100) -> list[Proposal]:
    return context.state.proposals.all(context.customer, status, limit)


def find_proposal(context: Context, id: str) -> Proposal:
    """Raises ConfigError where there is none."""
    found = context.state.proposals.get(context.customer, id)
    if found is None:
        raise ConfigError(
            f"{context.customer} has no proposal {id}",
            next_step=f"backhaul proposals list {context.customer}",
            customer=context.customer,
        )
    return found


def reject(context: Context, id: str, who: str | None = None, note: str = "") -> Proposal:
    """Raises ConfigError where it is decided already."""
    proposal = find_proposal(context, id)
    if not context.state.proposals.decide(context.customer, id, "rejected", who or user(), note):
        raise _decided(proposal)
    return find_proposal(context, id)


def approve(context: Context, id: str, who: str | None = None) -> Decision:
    """Write it, if the vendor still holds what it held when the change was proposed.

    The plan is made anew and compared with the one that was proposed; just before the write the vendor is asked once
    more. It waits for no other push. Raises ConfigError where it is decided already.
    """
    proposal = find_proposal(context, id)
    who = who or user()
    if not context.state.proposals.decide(context.customer, id, "approved", who):
        raise _decided(proposal)
    name = f"proposal_{id}"
    try:
        with (
            Pushing(context, "interactive") as pushing,
            bound(customer=context.customer, run=context.run_id),
            pushing.lease(name),
        ):
            task = pushing.task_of(name, push_of(context, proposal.entity, proposal.record, proposal.changes))
            plan = pushing.plan(task)
            moved = _moved(proposal, plan)
            if moved is not None:
                context.state.proposals.ended(context.customer, id, "failed", moved, context.run_id)
                return Decision(find_proposal(context, id), None)
            with recorded(context) as reports:
                reports.append(pushing.apply(task, plan, limit=None, who=f"{who}, for {proposal.proposed_by}"))
    except BackhaulError as error:
        context.state.proposals.ended(context.customer, id, "failed", error.what, context.run_id)
        raise
    status, outcome = _outcome(reports[0])
    context.state.proposals.ended(context.customer, id, status, outcome, context.run_id)
    return Decision(find_proposal(context, id), reports[0])


def push_of(context: Context, entity: str, id: str, changes: Mapping[str, str | None]) -> Push:
    """The push of one row that a proposal is. Raises ConfigError for a value that is none of the column's type."""
    with open_snapshot(context.layout, context.customer) as snapshot:
        types = dict(
            snapshot.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", [entity]
            ).fetchall()
        )
        parts = [f"SELECT {_literal(id)} AS id"]
        for column, value in changes.items():
            kind = types.get(column)
            if kind is None:
                raise ConfigError(f"{entity} has no column {column} any more", customer=context.customer)
            if value is not None and not _fits(snapshot, value, kind):
                raise ConfigError(f"{value!r} is no value of {entity}.{column}, which is {kind}")
            spelt = "NULL" if value is None else _literal(value)
            parts.append(f'CAST({spelt} AS {kind}) AS "{column}"')
    return Push(to=entity, select=", ".join(parts), mode="update", conflict="fail", max_rows=1)


def _fits(snapshot: duckdb.DuckDBPyConnection, value: str, kind: str) -> bool:
    return bool(snapshot.execute(f"SELECT TRY_CAST(? AS {kind}) IS NOT NULL", [value]).fetchall()[0][0])


def _columns(context: Context, plan: Plan, entity: str, wanted: Mapping[str, str | None]) -> dict[str, str]:
    """Column -> the vendor's field that it is written to."""
    with Pushing(context) as pushing:
        task = pushing.task_of("proposal", Push(to=entity, select="SELECT 1", mode="update"))
    places = {each.place for each in plan.objects}
    target = next(each for each in task.objects if each.place in places)
    ways = target.ways or {}
    return {column: ways[column].field for column in wanted if column in ways}


def _rows(plan: Plan) -> list[Any]:
    return [row for part in plan.objects for row in part.rows]


def _moved(proposal: Proposal, plan: Plan) -> str | None:
    """What is no longer as it was when the change was proposed."""
    refused = [each.reason for part in plan.objects for each in (*part.refused, *part.conflicts)]
    refused += [each.reason for each in plan.refused]
    if refused:
        return refused[0]
    now = {change.field: change for row in _rows(plan) for change in row.changes}
    for each in proposal.diff:
        found = now.get(each.field)
        if found is not None and found.before != each.before:
            return f"{each.column} was {each.before!r} when it was proposed and is {found.before!r} now"
    return None


def _outcome(report: PushReport) -> tuple[Any, str]:
    if report.troubles:
        return "failed", report.troubles[0].what
    if report.notes:
        return "failed", report.notes[0].message
    if report.written:
        return "applied", "written"
    if report.skipped:
        return "applied", "the vendor holds these values already"
    return "failed", "nothing was sent"


def _decided(proposal: Proposal) -> ConfigError:
    by = f" by {proposal.decided_by}" if proposal.decided_by else ""
    return ConfigError(
        f"the proposal {proposal.id} is {proposal.status} already{by}",
        next_step=f"backhaul proposals show {proposal.customer} {proposal.id}",
        customer=proposal.customer,
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
