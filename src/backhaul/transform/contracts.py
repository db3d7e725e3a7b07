"""What an entity's columns are: transforms/entities/<entity>.yaml, and the columns that every entity has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from backhaul.config.base import Duration, Model
from backhaul.config.documents import plain
from backhaul.errors import ConfigError

ColumnType = Literal["text", "integer", "number", "money", "boolean", "date", "timestamp", "json"]

SQL_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DECIMAL(18, 4)",
    "money": "DECIMAL(18, 4)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "json": "VARCHAR",
}


class Column(Model):
    """One column of an entity."""

    type: ColumnType
    description: str = ""
    references: str | None = Field(default=None, description="The entity whose id it holds.")
    enum: tuple[str, ...] = Field(default=(), description="The values it may take; others are counted as warnings.")

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]


class Check(Model):
    """A rule about the built entity; what breaks it is counted, not refused."""

    unique: tuple[str, ...] = ()
    not_null: tuple[str, ...] = ()
    fresh: Duration | None = Field(
        default=None, description="Warn where no row was read or changed for so long, in a table that has rows."
    )
    shrinks: float | None = Field(
        default=None, gt=0, le=1, description="Warn where more than this share of the live rows left at once."
    )

    @field_validator("unique", "not_null", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("shrinks", mode="before")
    @classmethod
    def _percent(cls, value: object) -> object:
        if isinstance(value, str) and value.endswith("%"):
            try:
                return float(value[:-1]) / 100
            except ValueError:
                return value
        return value


class Contract(Model):
    """An entity: its columns beside the common ones, and its checks."""

    entity: str
    description: str = ""
    columns: dict[str, Column]
    checks: tuple[Check, ...] = ()
    tracked: tuple[str, ...] = Field(
        default=(), description="Columns whose changes from sync to sync are kept as rows of field_changes."
    )

    @field_validator("columns")
    @classmethod
    def _leave_the_common_columns_alone(cls, value: dict[str, Column]) -> dict[str, Column]:
        taken = sorted(set(value) & set(COMMON))
        if taken:
            raise ValueError(f"every entity has {', '.join(taken)} already")
        return value

    @property
    def holds_money(self) -> bool:
        return any(column.type == "money" for column in self.columns.values())


COMMON: Mapping[str, Column] = {
    "id": Column(type="text", description="connection:object:source_id; unique over all entities of a customer."),
    "customer_id": Column(type="text", description="The customer whose data this is."),
    "source": Column(type="text", description="The system it comes from."),
    "connection_id": Column(type="text", description="The customer's connection it comes through."),
    "source_object": Column(type="text", description="The vendor's object."),
    "source_id": Column(type="text", description="The record's key at the vendor."),
    "source_url": Column(type="text", description="Where a person finds the record at the vendor."),
    "source_created_at": Column(type="timestamp", description="When the record was created at the vendor."),
    "source_updated_at": Column(type="timestamp", description="When the record last changed at the vendor."),
    "is_deleted": Column(type="boolean", description="Deleted or merged away at the vendor; the values are its last."),
    "synced_at": Column(type="timestamp", description="When the values held here were read from the vendor."),
    "sync_run_id": Column(type="text", description="The run that read them."),
    "custom": Column(type="json", description="The account's own fields that no column holds, as JSON text."),
}

STAGED_COMMON = ("source_id", "source_url", "source_created_at", "source_updated_at", "is_deleted", "custom")
"""The common columns that a staging file may fill itself."""

MAPPED_COMMON = ("source_url", "source_created_at", "source_updated_at")
"""The common columns that a customer's mapping may fill."""

CURRENCY = Column(type="text", description="The ISO 4217 code of the currency of this row's amounts.")


@dataclass(frozen=True, slots=True)
class EntityShape:
    """An entity's published columns in order: the contract's, what money brings, a customer's own, the common."""

    contract: Contract
    columns: Mapping[str, Column]

    @property
    def name(self) -> str:
        return self.contract.entity


def shape(contract: Contract, filled: frozenset[str], added: Mapping[str, Column]) -> EntityShape:
    """filled: every column that any staging file or mapping fills; added: columns that the mappings bring along.

    `<money>_base` exists where some staging file fills it, for every customer alike, or a mapping of this one's.
    """
    columns: dict[str, Column] = {"id": COMMON["id"], **contract.columns}
    if contract.holds_money:
        columns.setdefault("currency", CURRENCY)
    for name, column in contract.columns.items():
        base = f"{name}_base"
        if column.type == "money" and base in filled and base not in columns:
            columns[base] = Column(type="money", description=f"{name} in the account's base currency.")
    columns.update(added)
    columns.update({name: column for name, column in COMMON.items() if name != "id"})
    return EntityShape(contract, columns)


def known_columns(contract: Contract) -> frozenset[str]:
    """What staging and mappings may name without adding a column."""
    money = {f"{name}_base" for name, column in contract.columns.items() if column.type == "money"}
    currency = {"currency"} if contract.holds_money else set()
    return frozenset(contract.columns) | money | currency


def parse_contract(name: str, text: str) -> Contract:
    """Read one contract. Raises ConfigError that lists every problem."""
    where = f"transforms/entities/{name}.yaml"
    try:
        content = plain(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not YAML", problems=(str(error),)) from error
    try:
        contract = Contract.model_validate(content)
    except ValidationError as error:
        problems = tuple(f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors())
        raise ConfigError(f"{where} is not a contract", problems=problems) from error
    problems = tuple(
        f"checks: there is no column {column}"
        for check in contract.checks
        for column in (*check.unique, *check.not_null)
        if column not in known_columns(contract) and column not in COMMON
    )
    problems += tuple(
        f"tracked: there is no column {column}" for column in contract.tracked if column not in contract.columns
    )
    if contract.entity != name:
        problems = (*problems, f"entity: {contract.entity} stands in the file of {name}")
    if problems:
        raise ConfigError(f"{where} is not a contract", problems=problems)
    return contract
