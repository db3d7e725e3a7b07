"""A client of the control API, for tests, the demo and anyone who wants to make trouble from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class Remote:
    """Speaks to one simulator's control API; errors of the API come as ValueError with its words."""

    def __init__(self, control_url: str) -> None:
        self.control_url = control_url
        # Loopback and plain HTTP: loading certificates would be most of what this costs.
        self._client = httpx.Client(base_url=control_url, timeout=60, trust_env=False, verify=False)

    def fault(
        self,
        kind: str,
        *,
        count: int | None = 1,
        method: str | None = None,
        path: str | None = None,
        body: str | None = None,
        after: int = 0,
        **options: Any,
    ) -> None:
        """Inject a fault for the next `count` matching requests (None: until cleared)."""
        match = {"method": method, "path": path, "body": body}
        self._call(
            "POST", "/faults", {"kind": kind, "count": count, "match": match, "after": after, "options": options}
        )

    def clear_faults(self) -> None:
        self._call("DELETE", "/faults")

    def faults(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "/faults")["faults"])

    def mutate(
        self, op: str, object: str, id: str | None = None, values: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return self.mutate_all([{"op": op, "object": object, "id": id, "values": dict(values or {})}])[0]

    def mutate_all(self, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return list(self._call("POST", "/mutate", list(changes))["results"])

    def received(self, since: int = 0) -> list[dict[str, Any]]:
        """Requests that arrived, after the first `since`."""
        return list(self._call("GET", f"/received?since={since}")["received"])

    def dump(self, object: str) -> list[dict[str, Any]]:
        """The truth of one object, deleted records included."""
        return list(self._call("GET", f"/dump/{object}")["records"])

    def objects(self) -> dict[str, int]:
        """How many live records each object has."""
        return dict(self._call("GET", "/objects")["objects"])

    def advance(self, seconds: float) -> None:
        self._call("POST", "/clock", {"advance": seconds})

    def configure(self, **settings: Any) -> dict[str, Any]:
        return dict(self._call("POST", "/settings", settings)["settings"])

    def health(self) -> dict[str, Any]:
        return dict(self._call("GET", "/health"))

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, content: object = None) -> Any:
        response = self._client.request(method, path, json=content)
        answer = response.json()
        if response.status_code != 200:
            raise ValueError(answer["error"])
        return answer
