"""pipelines/<customer>.yaml: one customer's connections, mappings and pushes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from backhaul.config.agent import Agent
from backhaul.config.base import Duration, Model, Name, ScheduleText
from backhaul.config.identity import EntityIdentity
from backhaul.config.push import Guard, Push, WriteWhen
from backhaul.config.secret import Secret


class ObjectChoice(Model):
    """What to read of one object of a connection."""

    fields: Literal["all"] | list[str] = Field(
        default="all", description="The vendor's field names, or `all`; the key and the change field always come along."
    )
    since: date | datetime | None = Field(
        default=None, description="Read only records changed since then; earlier ones are never asked for."
    )
    private: dict[str, Literal["drop", "hash", "mask"]] = Field(
        default_factory=dict, description="Fields dropped, hashed (keyed SHA-256) or masked before they reach the disk."
    )
    required: bool = Field(default=False, description="The run fails when the customer's account lacks this object.")
    changed: dict[str, Any] | None = Field(
        default=None, description="Overrides the source's `changed` block for this object, as for a custom record."
    )
    fills: list[str] | None = Field(
        default=None, description="The entities that it fills, of those it has staging files for; left out: all."
    )
    contract: Literal["evolve", "freeze", "discard"] = Field(
        default="evolve", description="What becomes of a field that was not known before: added, an error, left out."
    )


class Connection(Model):
    """One customer's account in one source."""

    source: str = Field(description="The name of a source definition.")
    auth: str | None = Field(default=None, description="Which of the source's ways in; needed when it has several.")
    credentials: Literal["vault"] | dict[str, Secret] = Field(
        default_factory=dict,
        description="Secrets, as references to the environment: `${ACME_CRM_TOKEN}`; or `vault`, which "
        "`backhaul connect` fills.",
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="What the source asks for beside credentials.")
    base_url: str | None = Field(default=None, description="Overrides the source's: a simulator, a proxy, a region.")
    schedule: ScheduleText | None = Field(
        default=None, description="`every 15m`, `hourly`, `daily at 03:00`, or five cron fields; in UTC."
    )
    budget: str = Field(
        default="80%", pattern=r"^\d{1,3}%$", description="The share of the vendor's quota that all of ours may use."
    )
    objects: Literal["all"] | dict[str, ObjectChoice] = Field(
        default_factory=dict, description="Objects to read, by the vendor's names; `all` reads whatever is discovered."
    )

    def secrets(self) -> dict[str, str]:
        """Those of the environment, revealed; the vault's are not here. Raises ConfigError where one is missing."""
        if self.credentials == "vault":
            return {}
        return {name: secret.reveal() for name, secret in self.credentials.items()}


class App(Model):
    """The product's own registration at a vendor, shared by its customers; a customer may bring one of its own."""

    client_id: Secret = Field(description="The app's id at the vendor.")
    client_secret: Secret | None = Field(default=None, description="None of an app that is public.")
    private_key: Secret | None = Field(default=None, description="PEM, where the app signs assertions.")
    redirect_uri: str = Field(
        default="http://localhost:8712/callback",
        description="Where the vendor sends people back to, exactly as registered there. Of a local address "
        "`backhaul connect` answers itself; of another it takes the address that the browser ends at.",
    )
    scopes: list[str] | None = Field(default=None, description="Asked for in place of the source's.")


class Mapped(Model):
    """How a customer fills one column of an entity, or what the customer is asked about it."""

    source: str | None = Field(
        default=None, alias="from", description="A field of the vendor's object, or an expression over `src.*`."
    )
    prompt: str | None = Field(
        default=None,
        description="What to ask a customer whose own file does not say `from`: which of its fields plays this part. "
        "Usually in the base.",
    )
    required: bool = Field(
        default=True,
        description="A field that the account lacks, or a prompt without an answer, is an error. Where false, the "
        "column is then filled as if nothing were written here, or by `default`.",
    )
    values: dict[str, str] | None = Field(default=None, description="The vendor's value to ours; one to one inverts.")
    default: str | int | float | bool | None = Field(default=None, description="Used where the field is empty.")
    type: str | None = Field(default=None, description="The type of a column that the entity does not have by itself.")

    @model_validator(mode="after")
    def _says_or_asks(self) -> Mapped:
        if self.source is None and self.prompt is None:
            raise ValueError("it needs `from`, or a `prompt` that asks the customer for it")
        return self

    @property
    def is_open(self) -> bool:
        """Asked, and not answered."""
        return self.source is None


class Pipeline(Model):
    """Everything that is decided for one customer."""

    extends: str | None = Field(default=None, description="The name of another pipeline file, merged beneath this one.")
    customer: Name | None = Field(default=None, description="The tenant; the file's name where it is not given.")
    destination: str = Field(default="duckdb", description="Where the data lives: the name of a destination.")
    apps: dict[str, App] = Field(
        default_factory=dict, description="The product's registrations at vendors, by source; usually in the base."
    )
    connections: dict[Name, Connection] = Field(
        default_factory=dict, description="The customer's accounts, by names of your own; tables are called after them."
    )
    mappings: dict[str, dict[str, dict[str, str | Mapped]]] = Field(
        default_factory=dict,
        description="entity -> connection -> column -> field, expression, or a block. `connection.object` maps that "
        "object alone; one that has no staging file for the entity becomes a source of it.",
    )
    identity: dict[str, EntityIdentity] = Field(
        default_factory=dict, description="entity -> which rows of several connections are the same, and which are not."
    )
    push: dict[Name, Push] = Field(default_factory=dict, description="What is written back, by names of your own.")
    agent: Agent | None = Field(
        default=None, description="What agents may see and propose; where it stands, each publish serves them too."
    )
    guards: dict[str, WriteWhen | Guard] = Field(
        default_factory=dict,
        description="`source.object.field`, each with `*` where it holds for many -> when any push may write it. "
        "In the base pipeline it holds for every customer.",
        examples=[{"*.contacts.email": "never", "*.*.*phone*": {"write": "never", "why": "personal"}}],
    )
    on_failure: FailureHook | None = Field(default=None, description="Called when an unattended run fails.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Kept for the product's own use; backhaul reads none of them."
    )


class FailureHook(Model):
    """Where the news of a failed run goes: one of the two."""

    webhook: Secret | None = Field(default=None, description="A URL that gets the run's summary as JSON by POST.")
    command: list[str] | None = Field(default=None, description="A command that gets the summary on standard input.")
    timeout: Duration = Field(default="30s", validate_default=True, description="How long it may take.")

    @model_validator(mode="after")
    def _exactly_one(self) -> FailureHook:
        if (self.webhook is None) == (self.command is None):
            raise ValueError("on_failure needs either webhook or command")
        return self


Pipeline.model_rebuild()
