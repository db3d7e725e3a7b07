"""The scripted client's side: tool calls through the official MCP client, counted."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, get_default_environment, stdio_client


class Refused(Exception):
    """The tool answered that it cannot, and what to do instead."""


@dataclass(frozen=True)
class NotKnown:
    """The honest answer where there is none. why: hidden, deleted, not synced, stale, absent."""

    why: str


@dataclass
class Asker:
    """One session; `calls` and `bytes` since the last `start`."""

    client: Client
    calls: int = 0
    bytes: int = 0

    def start(self) -> None:
        self.calls = self.bytes = 0

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        self.calls += 1
        answer = await self.client.call_tool(tool, arguments)
        if answer.is_error:
            text = "".join(getattr(each, "text", "") for each in answer.content)
            self.bytes += len(text)
            raise Refused(text)
        content: dict[str, Any] = answer.structured_content or {}
        self.bytes += len(json.dumps(content))
        return content

    async def sql(self, text: str) -> list[list[Any]]:
        answer = await self.call("run_sql", sql=" ".join(text.split()), limit=200)
        if answer["truncated"]:
            raise Refused("the answer is cut")
        return list(answer["rows"])

    async def one(self, text: str) -> Any:
        rows = await self.sql(text)
        return rows[0][0] if rows else None


@asynccontextmanager
async def session(root: Path) -> AsyncIterator[Asker]:
    arguments = ["-m", "backhaul", "-C", str(root), "agent", "acme"]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=get_default_environment())
    async with Client(stdio_client(server)) as client:
        yield Asker(client)
