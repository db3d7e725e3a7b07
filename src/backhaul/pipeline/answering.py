"""A customer's answer to what the product asks: checked against the account, and written into the customer's file."""

from __future__ import annotations

import re

from backhaul.config.problems import closest, listed
from backhaul.config.questions import Question, answered, open_questions
from backhaul.discovery.cache import known_schema
from backhaul.errors import ConfigError
from backhaul.pipeline.context import Context


def answer(context: Context, name: str, field: str) -> Question:
    """Write `field`, a field's name or an expression, where the question asks for it; gives the question.

    Raises ConfigError for a question that is not open, for a field that the account is known not to have, and for a
    file that cannot be written into.
    """
    questions = {each.name: each for each in open_questions(context.pipeline)}
    question = questions.get(name)
    if question is None:
        near = closest(name, questions)
        hint = f"did you mean {near}?" if near else f"open are {listed(questions)}" if questions else "none is open"
        raise ConfigError(
            f"{context.customer} is not asked {name}; {hint}",
            next_step=f"backhaul mapping questions {context.customer}",
            customer=context.customer,
        )
    known = fields(context, question)
    if known and re.fullmatch(r"\w+", field) and field.lower() not in {each.lower() for each in known}:
        near = closest(field, known)
        hint = f"; did you mean {near} ({known[near]})?" if near else ""
        raise ConfigError(
            f"no object that {question.place} reads has a field {field}{hint}",
            next_step="name a field, or an expression; `backhaul discover --object` shows an object's fields",
            customer=context.customer,
        )
    path = context.layout.pipeline(context.customer)
    written = answered(path.read_text(encoding="utf-8"), question.path, field, f"pipelines/{path.name}")
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(written, encoding="utf-8")
    unfinished.replace(path)
    return question


def fields(context: Context, question: Question) -> dict[str, str]:
    """The fields that may be the answer, with their types, by what discovery found; empty before it has."""
    connection, _, object_name = question.place.partition(".")
    schema = known_schema(context.state.schemas, context.customer, connection)
    objects = schema.objects.values() if schema is not None else ()
    return {each.name: each.type for one in objects if object_name in ("", one.name) for each in one.fields.values()}
