"""The floor: the same pages over one kept-alive connection, and nothing done with them but what is asked.

python -m benchmarks.contenders.bare URL FOLDER [--parse]
"""

from __future__ import annotations

import sys

import httpx
import msgspec


class _Paging(msgspec.Struct):
    after: str


class _Next(msgspec.Struct):
    next: _Paging | None = None


class _Page(msgspec.Struct):
    paging: _Next | None = None


def main() -> None:
    url, parse = sys.argv[1], "--parse" in sys.argv
    # the page token must be known to ask for the next page: without --parse nothing else is made of the JSON
    decoder = msgspec.json.Decoder(_Page)
    after: str | None = None
    size = 0
    with httpx.Client(base_url=url) as client:
        while True:
            params = {"limit": "100", "archived": "false"} | ({"after": after} if after else {})
            body = client.get("/crm/v3/objects/contacts", params=params).content
            size += len(body)
            if parse:
                document = msgspec.json.decode(body)
                after = document.get("paging", {}).get("next", {}).get("after")
            else:
                paging = decoder.decode(body).paging
                after = paging.next.after if paging and paging.next else None
            if after is None:
                break
    print(size)


if __name__ == "__main__":
    main()
