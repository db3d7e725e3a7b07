"""`agent:` of a pipeline: what agents may see of this customer, and which fields they may propose to change."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backhaul.config.base import Model, Name

EVERY = "*"
"""In the place of an entity's name: all of them."""


class AgentRules(Model):
    """What is kept from agents, and what they may propose. Names are those of entities and of their columns."""

    hide: dict[str, Literal["all"] | list[str]] = Field(
        default_factory=dict, description="entity -> columns that agents never see, or `all`; `*` is every entity."
    )
    mask: dict[str, list[str]] = Field(
        default_factory=dict, description="entity -> text columns of which agents see `a***@acme.example`, `+***`."
    )
    rows: dict[str, str] = Field(
        default_factory=dict,
        description="entity -> a SQL condition; agents see the rows that meet it, and none that refer to the others.",
    )
    propose: dict[str, list[str]] = Field(
        default_factory=dict, description="entity -> columns that agents may propose to change."
    )


class Agent(AgentRules):
    """The rules for every agent of the customer, and roles that see less. A token may be bound to a role."""

    roles: dict[Name, AgentRules] = Field(
        default_factory=dict, description="name -> more rules on top of the customer's; a role proposes only its own."
    )
