"""Which rows of two systems are the same company or person: rules find pairs by equal values, never by likeness."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backhaul.config.base import Model, Name


class IdentityRule(Model):
    """Rows of two connections are the same where a value is equal and each connection holds it once."""

    method: Name = Field(description="What links of this rule are called: tax_number, domain, email, external_id.")
    column: str = Field(description="The column that is compared; a rule whose column a customer lacks finds nothing.")
    equals: str | None = Field(
        default=None, description="The other row's column, where it is another: `source_id` for an external id."
    )
    within: Name | None = Field(default=None, description="The connection that the other row is of.")
    spelling: Literal["exact", "lower", "code"] = Field(
        default="exact",
        description="lower: case and surrounding blanks do not count; code: only letters and digits do, in any case.",
    )
    confidence: float = Field(gt=0, le=1, description="How sure the rule makes it; the surest of several is kept.")
    ignore: tuple[str, ...] = Field(default=(), description="Values that many share and that prove nothing.")


class EntityIdentity(Model):
    """What a customer decides about one entity."""

    rules: tuple[IdentityRule, ...] | None = Field(default=None, description="Instead of the project's rules.")
    confirm: tuple[tuple[str, str], ...] = Field(default=(), description="Pairs of ids that are the same, by a person.")
    deny: tuple[tuple[str, str], ...] = Field(
        default=(), description="Pairs of ids that are not, whatever a rule says."
    )
