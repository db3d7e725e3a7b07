"""Why a plan waits for approval: it takes away too much, its select looks wrong, or it costs too many calls."""

from __future__ import annotations

from collections.abc import Sequence

from backhaul.push.ledger import Ledger
from backhaul.push.plan import ObjectPlan
from backhaul.push.target import Task


def stops(task: Task, plans: Sequence[ObjectPlan], lost: int, ledger: Ledger) -> tuple[str, ...]:
    """Each a sentence; none: it may be applied."""
    rules = task.rules
    found: list[str] = []
    wanted = sum(each.counts.wanted for each in plans) + lost
    taken = sum(row.action == "delete" for each in plans for row in each.rows)
    gone = isinstance(rules.gone, str) and rules.gone == "keep"
    last = ledger.standing.last_wanted(task.name)
    if not gone and last and wanted < last * rules.min_share:
        found.append(f"the select gives {wanted:,} rows, and gave {last:,} when it was last applied")
    if taken > rules.max_deletes:
        found.append(f"it would delete {taken:,} records, and `max_deletes` is {rules.max_deletes:,}")
    found += [
        f"it would take {each.calls:,} calls, {each.share:.0%} of what {each.connection} has a day, and `max_quota` is"
        f" {rules.max_quota:.0%}"
        for each in plans
        if each.share is not None and each.share > rules.max_quota
    ]
    return tuple(found)
