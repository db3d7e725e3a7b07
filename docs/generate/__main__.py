"""`python -m docs.generate`: bring the generated pages up to date."""

from __future__ import annotations

from docs.generate import write

for name in write():
    print(f"docs/{name}")
