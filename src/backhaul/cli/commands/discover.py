"""`backhaul discover`: what an account has, against what the pipeline asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Column, Output, listing, many
from backhaul.cli.session import Session
from backhaul.cli.times import ago
from backhaul.errors import BackhaulError

if TYPE_CHECKING:
    from backhaul.pipeline.discovering import Discovery
    from backhaul.protocol.schema import Field
    from backhaul.state.schemas import Drift


@command()
@customer_argument
@click.argument("connection", required=False)
@click.option("--object", "objects", multiple=True, metavar="NAME", help="Show this object's fields. Repeatable.")
@click.option("--drift", "history", is_flag=True, help="Show how the schema has drifted so far; asks no vendor.")
def discover(session: Session, customer: str, connection: str | None, objects: tuple[str, ...], history: bool) -> int:
    """Show what a connection's account has, and what has drifted.

    Asks the vendor. Ends with what the pipeline asks for and the account does not give.
    """
    with session.project() as project:
        one = project.customer(customer)
        pipeline = project.config.pipeline(customer)
        names = [connection] if connection else list(pipeline.connections)
        if objects and not connection and len(names) > 1:
            raise click.UsageError(f"--object needs a CONNECTION: one of {', '.join(names)}.")
        if history:
            drift = {name: project.state.schemas.drift(customer, name) for name in names}
            _show_history(session, customer, drift)
            return 0
        found: list[Discovery] = []
        failed: list[BackhaulError] = []
        for name in names:
            try:
                found.append(one.discover(name, objects))
            except BackhaulError as error:
                # one connection's failure is not another's; alone, it is the command's
                if len(names) == 1:
                    raise
                failed.append(error.within(customer=customer, connection=name))
    output = session.output
    if session.as_json:
        from backhaul.cli.failures import as_json

        output.json({"connections": [_json(each, objects) for each in found], "errors": [as_json(e) for e in failed]})
    else:
        for each in found:
            _show(output, each, objects)
        for wrong in failed:
            output.line()
            output.line(f"{wrong.connection}: {wrong.what}", style="red")
            output.line(f"Next: {wrong.next_step}", style="dim", indent=2)
    if failed:
        return max(wrong.exit_code for wrong in failed)
    return 1 if any(lack for each in found for lack in each.lacks) else 0


def _show(output: Output, each: Discovery, objects: tuple[str, ...]) -> None:
    account = each.account.get("id", "")
    facts = ", ".join(f"{name} {value}" for name, value in each.account.items() if name != "id")
    output.line()
    output.heading(
        f"{each.customer} {each.connection}", f"{each.source} account {account}" + (f", {facts}" if facts else "")
    )
    output.line()
    if objects:
        for name in objects:
            _show_fields(output, each, name)
    else:
        _show_objects(output, each)
    if each.drift:
        output.line()
        output.note("drift", "\n".join(_drift(one) for one in each.drift), style="yellow")
    if each.lacks:
        output.line()
        output.line(f"{many(len(each.lacks), 'thing')} that the pipeline asks for and the account does not give",
                    style="bold red")  # fmt: skip
        for lack in each.lacks:
            output.line(f"{lack.object}{'.' + lack.field if lack.field else ''}: {lack.what}", indent=2)
        output.line("Next: grant the account the right to them, or correct the pipeline", style="dim", indent=4)
    elif not objects:
        output.line()
        output.line(f"{many(len(each.chosen), 'object')} chosen, all of them served", style="green")


def _show_objects(output: Output, each: Discovery) -> None:
    chosen = set(each.chosen)
    shown = [one for one in each.objects if one.name in chosen]
    rows = []
    for one in shown:
        known = each.schema.objects.get(one.name)
        fields = list(known.fields.values()) if known is not None else []
        custom = sum(field.custom for field in fields)
        label = one.label if one.label != one.name else ""
        rows.append([one.name, label, "yes" if one.custom else "", len(fields) or None, custom or None])
    columns = [
        Column("object"), Column("label", wide=True), Column("custom"), Column("fields", number=True),
        Column("custom fields", number=True),
    ]  # fmt: skip
    output.table(columns, rows)
    others = [one.name for one in each.objects if one.name not in chosen]
    if others:
        own = [one.name for one in each.objects if one.custom and one.name not in chosen]
        names = [*(f"{name} (custom)" for name in own), *(name for name in others if name not in own)]
        output.line()
        output.note("not read", listing(names, 8), style="dim")


def _show_fields(output: Output, each: Discovery, name: str) -> None:
    known = each.schema.objects.get(name)
    if known is None:
        return
    output.heading(name, f"{known.label}, key {', '.join(known.key)}, changes by {known.change_field or 'nothing'}")
    columns = [
        Column("field"), Column("type"), Column("custom"), Column("writable"), Column("label or options", wide=True)
    ]  # fmt: skip
    output.table(columns, [_field(field) for field in known.fields.values()])


def _field(field: Field) -> list[Any]:
    writable = "yes" if field.creatable and field.updatable else "create" if field.creatable else ""
    text = field.label if field.label != field.name else ""
    if field.options:
        text = f"{text}: {listing(field.options, 6)}" if text else listing(field.options, 6)
    if field.references:
        text = f"{text} -> {field.references}".strip()
    if not field.readable:
        text = f"{text} (reads of it are refused)".strip()
    return [
        field.name,
        field.type,
        "yes" if field.custom else "",
        writable or ("update" if field.updatable else ""),
        text,
    ]


_SIGNS = {"added": "+", "removed": "-", "retyped": "~"}


def _drift(one: Drift) -> str:
    change = f"{one.before} to {one.after}" if one.change == "retyped" and one.before else one.after or one.before
    name = f"{one.object}.{one.field}" if one.field else one.object
    return f"{_SIGNS[one.change]} {name}" + (f" ({change})" if change else "")


def _show_history(session: Session, customer: str, drift: dict[str, list[Drift]]) -> None:
    output = session.output
    fields = ("object", "field", "change", "before", "after", "run", "seen_at")
    if session.as_json:
        found = {name: [{f: getattr(one, f) for f in fields} for one in each] for name, each in drift.items()}
        output.json({"customer": customer, "drift": found})
        return
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for name, each in drift.items():
        for one in each:
            detail = f"{one.before} to {one.after}" if one.before and one.after else one.before or one.after
            alike.setdefault((ago(one.seen_at), f"{name}.{one.object}", one.change, detail), []).append(one.field)
    rows = [[*place[:3], ", ".join(fields), place[3]] for place, fields in alike.items()]
    if not rows:
        output.line(f"no connection of {customer} has drifted", style="dim")
        return
    columns = [
        Column("seen"), Column("object"), Column("change"), Column("fields", wide=True), Column("detail", wide=True)
    ]  # fmt: skip
    output.table(columns, rows)


def _json(each: Discovery, objects: tuple[str, ...]) -> dict[str, Any]:
    import msgspec

    chosen = set(each.chosen)
    return {
        "customer": each.customer,
        "connection": each.connection,
        "source": each.source,
        "account": dict(each.account),
        "objects": [
            {
                "name": one.name,
                "label": one.label,
                "custom": one.custom,
                "chosen": one.name in chosen,
                "fields": _fields(each, one.name, whole=one.name in objects or not objects),
            }
            for one in each.objects
        ],
        "drift": [msgspec.to_builtins(one) for one in each.drift],
        "lacks": [msgspec.to_builtins(one) for one in each.lacks],
    }


def _fields(each: Discovery, name: str, *, whole: bool) -> list[dict[str, Any]] | None:
    known = each.schema.objects.get(name)
    if known is None or not whole:
        return None
    return [
        {
            "name": field.name, "type": field.type, "label": field.label, "custom": field.custom,
            "creatable": field.creatable, "updatable": field.updatable, "required": field.required,
            "readable": field.readable, "options": list(field.options), "references": field.references,
        }
        for field in known.fields.values()
    ]  # fmt: skip
