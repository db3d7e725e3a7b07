"""Which column of the select tells rows apart, and how it finds the record at the vendor."""

from __future__ import annotations

from collections.abc import Sequence

from backhaul.errors import ConfigError
from backhaul.protocol.keys import unescape
from backhaul.protocol.schema import Field
from backhaul.push.diff import Keyed
from backhaul.push.target import Object, Task
from backhaul.push.wanted import Wanted


def keyed_of(task: Task, object: Object, wanted: Wanted) -> Keyed:
    """Raises ConfigError where the push's key cannot find records."""
    if task.mode == "associate":
        return _linking(task, object, wanted)
    if task.entity is not None:
        return Keyed(wanted.column("id"), own=task.mode != "update", once=task.mode != "update")
    if task.mode == "append":
        return Keyed(wanted.column(task.key) if task.key is not None else None, own=True, once=True)
    if task.mode == "create":
        if task.key is None:
            return Keyed(None, once=True)
        column = wanted.column(task.key)
        field = object.schema.fields.get(object.named(column))
        unique = field is not None and field.unique
        return Keyed(column, field) if unique else Keyed(column, own=True, once=True)
    column = wanted.column(task.key) if task.key is not None else _default(task, object, wanted)
    field = object.schema.fields.get(object.named(column))
    if task.mode == "upsert":
        return Keyed(column, _matching(task, object, column, field))
    if task.mode == "mirror":
        if column in object.schema.key or (field is not None and not field.unique and not field.creatable):
            raise _wrong(
                task, object, f"{column} is the vendor's own key: nothing can be created by it",
                f"name a column of your own as `key`, or a unique field; {_uniques(object)}",
            )  # fmt: skip
        finds = field is not None and (field.unique or object.upserts(field.name) is not None)
        return Keyed(column, field) if finds else Keyed(column, own=True)
    if column in object.schema.key or field is None or not (field.updatable or field.creatable):
        return Keyed(column)
    if not field.unique:
        raise _wrong(task, object, f"{column} does not tell records apart", f"{_uniques(object)}")
    return Keyed(column, field)


def _linking(task: Task, object: Object, wanted: Wanted) -> Keyed:
    if object.link is None or task.entity is not None:
        raise _wrong(
            task, object, "it links no two records",
            "push to an object that does (`link` in the source's definition), or update the field that refers",
        )  # fmt: skip
    one, other = (wanted.column(each) for each in object.link)
    return Keyed(one, pair=(one, other), once=True)


def _matching(task: Task, object: Object, column: str, field: Field | None) -> Field:
    only = object.definition.writes.upsert[0].match if object.definition.writes.upsert else None
    if field is None or (only is not None and column != only) or (only is None and not field.unique):
        fits = f"it matches by {only}" if only is not None else _uniques(object)
        raise _wrong(task, object, f"an upsert of {object.place} cannot match by {column}", f"{fits}")
    if column in object.schema.key:
        raise _wrong(task, object, f"{column} is the vendor's own key: nothing can be created by it", "use mode update")
    return field


def _default(task: Task, object: Object, wanted: Wanted) -> str:
    if task.mode in ("upsert", "mirror"):
        what = f"mode {task.mode} needs `key`: the unique field that finds the record"
        raise _wrong(task, object, what, _uniques(object))
    names = {each.lower(): each for each in wanted.columns}
    own = object.schema.key[0] if len(object.schema.key) == 1 else "_key"
    if own.lower() in names:
        return names[own.lower()]
    raise _wrong(
        task, object, f"the select gives no {own}, and the push names no `key`",
        f"name the column that holds the vendor's key as `key`; the select gives {', '.join(wanted.columns)}",
    )  # fmt: skip


def _uniques(object: Object) -> str:
    found = [name for name, each in object.schema.fields.items() if each.unique and name not in object.schema.key]
    if not found:
        return f"{object.place} has no unique fields: use its own key, {', '.join(object.schema.key)}"
    return f"its unique fields are {', '.join(sorted(found))}"


def _wrong(task: Task, object: Object, what: str, next_step: str) -> ConfigError:
    return ConfigError(
        f"push {task.name}: {what}",
        next_step=next_step,
        customer=task.customer,
        connection=object.connection,
        object=object.name,
    )


def unescaped(keys: Sequence[str]) -> list[str]:
    return [unescape(key) for key in keys]
