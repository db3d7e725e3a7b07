"""The MCP server: tools, resources and prompts over one reader. Names and words here are what a model reads."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, Protocol, TypeVar

import anyio.to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from backhaul.agent import answers
from backhaul.agent.asking import Misasked
from backhaul.agent.reader import Reader
from backhaul.errors import BackhaulError
from backhaul.telemetry.log import Logger

_log = Logger("agent")
P = ParamSpec("P")
R = TypeVar("R")
_Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

_INSTRUCTIONS = """\
The data of the customer {customer}, from all of its systems, in one shape. Start with list_entities, then
describe_entity. search_records finds records by words, get_record shows one with all that belongs to it, query_records
and run_sql read many. Ids are connection:object:key. Rows of one company or person in several systems are joined by
links with role same_as. Every answer says how fresh its sources are: what is not in it is not known, so say that rather
than guess. Nothing here changes a system; propose_change asks a person to.
"""
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_PROPOSES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)

Entities = Annotated[list[str] | None, Field(description="Only these entities; all where it is left out.")]
Limit = Annotated[int, Field(ge=1, le=200, description="Rows at most.")]
Cursor = Annotated[str | None, Field(description="next_cursor of the answer before, with the same arguments.")]


class Propose(Protocol):
    """Takes up a proposal; gives what a person will be shown."""

    def __call__(
        self, reader: Reader, entity: str, id: str, changes: dict[str, Any], reason: str
    ) -> answers.ProposalAnswer: ...


def make_server(reader: Reader, propose: Propose | None = None, *, who: str = "") -> MCPServer[Any]:
    """A server for the reader's customer. Without `propose` there is no such tool. who: for the log."""
    server: MCPServer[Any] = MCPServer(
        "backhaul", instructions=_INSTRUCTIONS.format(customer=reader.customer), log_level="ERROR"
    )
    off_the_loop = functools.partial(_off_the_loop, {"customer": reader.customer, "who": who})
    _tools(server, reader, off_the_loop)
    if propose is not None and any(reader.policy.propose.values()):
        _proposing(server, reader, propose, off_the_loop)
    _resources(server, reader)
    _prompts(server)
    return server


def _tools(server: MCPServer[Any], reader: Reader, off_the_loop: _Wrap) -> None:
    @server.tool(title="List entities", annotations=_READS)
    @off_the_loop
    def list_entities() -> answers.EntityList:
        """What there is: each entity with its meaning, its number of rows, and where they come from."""
        return reader.list_entities()

    @server.tool(title="Describe an entity", annotations=_READS)
    @off_the_loop
    def describe_entity(entity: str) -> answers.EntityDescription:
        """An entity's columns: types, meaning, references, allowed and frequent values, how many are empty."""
        return reader.describe_entity(entity)

    @server.tool(title="Search records", annotations=_READS)
    @off_the_loop
    def search_records(
        query: Annotated[str, Field(max_length=400, description="Words of a name, e-mail, subject, number or text.")],
        entities: Entities = None,
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
        cursor: Cursor = None,
        include_deleted: bool = False,
    ) -> answers.SearchResults:
        """Find records by words, the best first: their ids, titles and the text around what was found."""
        return reader.search_records(query, entities, limit, cursor, include_deleted)

    @server.tool(title="Get a record", annotations=_READS)
    @off_the_loop
    def get_record(
        entity: str,
        id: Annotated[str, Field(description="connection:object:key, as other answers give it.")],
        fields: Annotated[list[str] | None, Field(description="Only these columns.")] = None,
        include: Annotated[list[str] | None, Field(description="Only these related entities; [] for none.")] = None,
        top: Annotated[int, Field(ge=0, le=20, description="Rows of each relation.")] = 5,
    ) -> answers.RecordView:
        """One record and all that belongs to it, over all systems: counts, and the latest rows of each relation."""
        return reader.get_record(entity, id, fields, include, top)

    @server.tool(title="Query records", annotations=_READS)
    @off_the_loop
    def query_records(
        entity: str,
        filters: Annotated[list[answers.Filter], Field(description="All of them must hold.")] = [],  # noqa: B006
        fields: Annotated[list[str] | None, Field(description="Columns to show; all where it is left out.")] = None,
        order: Annotated[str, Field(description="A column; with - before it, the largest first.")] = "id",
        limit: Limit = 50,
        cursor: Cursor = None,
        include_deleted: bool = False,
    ) -> answers.QueryRows:
        """Rows of one entity that meet all filters, in order, page by page, with their number in all."""
        return reader.query_records(entity, filters, fields, order, limit, cursor, include_deleted)

    @server.tool(title="Run SQL", annotations=_READS)
    @off_the_loop
    def run_sql(
        sql: Annotated[str, Field(description="One SELECT in DuckDB's dialect over the entities.")], limit: Limit = 100
    ) -> answers.SqlRows:
        """Run one SELECT over the entities, for a few seconds at most. Deleted rows are there too: see is_deleted."""
        return reader.run_sql(sql, limit)

    @server.tool(title="Changes since a version", annotations=_READS)
    @off_the_loop
    def changes_since(
        version: Annotated[int, Field(ge=0, description="`version` of an earlier answer.")],
        entities: Entities = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> answers.Changes:
        """Which records were added, changed or deleted after a version, and in which columns."""
        return reader.changes_since(version, entities, limit, cursor)


def _proposing(server: MCPServer[Any], reader: Reader, propose: Propose, off_the_loop: _Wrap) -> None:
    may = "; ".join(
        f"{entity}: {', '.join(sorted(columns))}" for entity, columns in sorted(reader.policy.propose.items())
    )

    @server.tool(
        title="Propose a change",
        annotations=_PROPOSES,
        description="Propose new values for a record. Nothing is written: the answer is what would change, and the id"
        f" of a proposal that a person approves or rejects. Columns that may be proposed: {may}.",
    )
    @off_the_loop
    def propose_change(
        entity: str,
        id: str,
        changes: Annotated[dict[str, str | int | float | bool | None], Field(description="column -> new value")],
        reason: Annotated[str, Field(min_length=3, max_length=2000, description="Why, for the person who decides.")],
    ) -> answers.ProposalAnswer:
        return propose(reader, entity, id, dict(changes), reason)


def _resources(server: MCPServer[Any], reader: Reader) -> None:
    @server.resource("backhaul://entities", title="Entities", mime_type="application/json")
    async def entities() -> str:
        """Every entity with its meaning, its number of rows and where they come from."""
        return (await anyio.to_thread.run_sync(reader.list_entities)).model_dump_json()

    @server.resource("backhaul://entities/{entity}", title="An entity", mime_type="application/json")
    async def entity(entity: str) -> str:
        """An entity's columns."""
        try:
            return (await anyio.to_thread.run_sync(reader.describe_entity, entity)).model_dump_json()
        except Misasked as error:
            raise ResourceNotFoundError(str(error)) from error


def _prompts(server: MCPServer[Any]) -> None:
    @server.prompt(title="Account briefing")
    def account_briefing(account: str) -> str:
        """Everything that is known of one account, before a meeting."""
        return (
            f"Find the account {account!r} with search_records (entity accounts), read it with get_record, follow its"
            " same_as ids, and write a briefing: who owns it, open deals with amounts, open and overdue invoices,"
            " recent activities and tickets. Say for each fact which system it comes from and as of when. Say what is"
            " not known."
        )

    @server.prompt(title="What changed")
    def what_changed(version: str) -> str:
        """What happened since a version that was read earlier."""
        return (
            f"Call changes_since with version {version}, read the changed records that matter with get_record, and"
            " summarise by entity: what is new, what changed, what was deleted. End with the version to ask from next."
        )


def _off_the_loop(asker: dict[str, str], function: Callable[P, R]) -> Callable[P, Any]:
    """Run in a thread, and keep in the log that it was asked; errors become text that tells the model what to do."""

    @functools.wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        began, outcome = time.perf_counter(), "answered"
        try:
            return await anyio.to_thread.run_sync(functools.partial(function, *args, **kwargs))
        except Misasked as error:
            outcome = error.what
            raise ToolError(str(error)) from error
        except BackhaulError as error:
            outcome = error.what
            # paths and names of ours are for people who run it, not for agents
            raise ToolError("the data cannot be read now; a person has to look at it. Try again later.") from error
        finally:
            seconds = round(time.perf_counter() - began, 4)
            _log.info("tool", tool=function.__name__, outcome=outcome, seconds=seconds, **asker)

    return run
