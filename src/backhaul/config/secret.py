"""A secret, as it was written and as it is: only `reveal` gives what it is."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from backhaul.errors import ConfigError


class Secret:
    """A text that no repr, dump, log or error shows.

    written: the text of the file, `${ACME_TOKEN}`; None where the secret itself stands there, or comes from elsewhere.
    missing: the environment variables it needs and does not find. Only `reveal` minds, so that a customer's files can
    be read, and its tables queried, where its secrets are not at hand.
    """

    __slots__ = ("_value", "missing", "place", "written")

    def __init__(
        self, value: str, *, written: str | None = None, missing: tuple[str, ...] = (), place: str | None = None
    ) -> None:
        self._value = value
        self.written = written
        self.missing = missing
        self.place = place

    def reveal(self) -> str:
        """The secret. Raises ConfigError where environment variables are missing."""
        if self.missing:
            names = " and ".join(self.missing)
            where = f"{self.place}: " if self.place else ""
            raise ConfigError(
                f"{where}{self.written} needs {names}, which the environment does not have",
                next_step=f"set {names} in the environment or in the project's .env file, then run it again",
            )
        return self._value

    def __str__(self) -> str:
        return self.written or "***"

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._value, self.written) == (other._value, other.written)

    def __hash__(self) -> int:
        return hash((self._value, self.written))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._take, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def _take(cls, value: Any) -> Secret:
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return cls(value)
        raise PydanticCustomError("secret_type", "a secret is text")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["${ACME_TOKEN}"]}
