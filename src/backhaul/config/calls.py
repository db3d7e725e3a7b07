"""What every block of a source is made of: paths, templates, conditions, how values are spelt, and a request."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from backhaul.config import paths, placeholders
from backhaul.config.base import Model


def _check_path(text: str) -> str:
    paths.parse(text)
    return text


def _check_template(text: str) -> str:
    placeholders.check(text)
    return text


PathText = Annotated[str, AfterValidator(_check_path)]
Template = Annotated[str, AfterValidator(_check_template)]
Condition = Annotated[
    dict[str, Any],
    Field(
        description="path -> value, all must hold. A value is a scalar, a list (any of), null (absent or empty), "
        "`{not: x}`, `{contains: text}` or `{begins: text}`."
    ),
]


def _check_pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as failure:
        raise ValueError(f"is no regular expression: {failure}") from None
    if groups < 1:
        raise ValueError("needs a group, whose text is the value")
    return text


def _check_wrap(text: str) -> str:
    if text.count("{}") != 1:
        raise ValueError("needs one {}, where the value goes")
    return text


Pattern = Annotated[str, AfterValidator(_check_pattern)]
Wrap = Annotated[str, AfterValidator(_check_wrap)]


def listed(data: Any) -> Any:
    """A map whose values are lists: one that stands alone is a list of one, null is not there."""
    if isinstance(data, dict):
        return {
            role: value if isinstance(value, list) else [value] for role, value in data.items() if value is not None
        }
    return data


class Cut(Model):
    """A path whose text is cut or changed: group 1 of `match`, its case, then what is put around it."""

    source: PathText = Field(alias="from", description="Where the text is.")
    match: Pattern | None = Field(default=None, description="A regular expression; group 1 is the value.")
    case: Literal["lower", "upper"] | None = Field(default=None, description="Turned into it.")
    wrap: Wrap | None = Field(default=None, description="What stands around the value, at `{}`: `cf_{}`.")


Reader = PathText | Cut
OurType = Literal["text", "integer", "decimal", "float", "boolean", "date", "timestamp", "time", "json"]
VendorType = OurType | Literal["skip"]


class Values(Model):
    """How the vendor spells values, read and written."""

    timestamp: str = Field(
        default="iso",
        description="iso, epoch_s, epoch_ms, http, ms_json (`/Date(1439434356790+0000)/`, milliseconds since 1970 in "
        "UTC, whatever offset is shown; written as ISO without a zone), or a strftime format.",
    )
    date: str = Field(default="iso", description="iso, epoch_ms, ms_json, or a strftime format.")
    zone: Template = Field(default="UTC", description="The zone of times that carry none.")
    boolean: tuple[str, str] | None = Field(default=None, description="How false and true are spelt as text.")
    empty: str | None = Field(default=None, description="What clears a field; null where that is JSON null.")


class Query(Model):
    """A query text, rendered to `{query}`: the text, `where` joined by and, then `order`. Without a text the clauses
    stand alone, and where none is bound `{query}` is unbound."""

    language: Literal["soql", "suiteql", "odata", "encoded_query"] = Field(
        description="How literals are escaped, times written and clauses joined. encoded_query: `a=1^b>2^ORDERBYc`."
    )
    zone: Template | None = Field(
        default=None, description="The zone in which times are understood here; without it that of `values`."
    )
    text: Template = Field(default="", description="The query, without conditions and order.")
    where: list[Template] = Field(
        default_factory=list, description="Clauses; one with an unbound placeholder is left out."
    )
    order: Template | None = Field(default=None, description="Stands last, as it is written.")
    columns: dict[OurType, str] = Field(
        default_factory=dict, description="How `{fields}` writes a field of that type, with `{field}` for its name."
    )


class Call(Model):
    """A request: exactly one of the methods, with a path below `base_url` or a whole URL."""

    get: Template | None = Field(default=None, description="The path below `base_url`, or a whole URL.")
    post: Template | None = Field(default=None, description="As `get`.")
    put: Template | None = Field(default=None, description="As `get`.")
    patch: Template | None = Field(default=None, description="As `get`.")
    delete: Template | None = Field(default=None, description="As `get`.")
    params: dict[str, Any] = Field(default_factory=dict, description="Query string; a list joins with commas.")
    headers: dict[str, Any] = Field(default_factory=dict, description="Beside the source's.")
    json_body: Any = Field(default=None, alias="json", description="A JSON body.")
    form: dict[str, Any] | None = Field(default=None, description="A form body, URL-encoded.")
    xml: Any = Field(default=None, description="`@x` is an attribute, a list repeats its element.")
    csv: Literal["items"] | None = Field(default=None, description="The batch as CSV with a header line.")
    query: Query | None = Field(
        default=None, description="A query text in the vendor's language, put where `{query}` stands."
    )
    format: Literal["json", "csv", "xml"] = Field(default="json", description="What the answer is.")

    @property
    def method(self) -> str:
        return next(
            name.upper() for name in ("get", "post", "put", "patch", "delete") if getattr(self, name) is not None
        )

    @property
    def url(self) -> str:
        return next(
            str(text) for name in ("get", "post", "put", "patch", "delete") if (text := getattr(self, name)) is not None
        )

    @model_validator(mode="after")
    def _one_method_and_known_placeholders(self) -> Call:
        given = [name for name in ("get", "post", "put", "patch", "delete") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a request needs one of get, post, put, patch, delete; it has {given or 'none'}")
        bodies = [name for name in ("json_body", "form", "xml", "csv") if getattr(self, name) is not None]
        if len(bodies) > 1:
            raise ValueError(f"a request has one body; this has {', '.join(bodies)}")
        for value in (self.params, self.headers, self.json_body, self.form, self.xml):
            for text in placeholders.texts(value):
                placeholders.check(text)
        return self
