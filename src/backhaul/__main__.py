"""`python -m backhaul` is `backhaul`."""

from __future__ import annotations

from backhaul.cli import main

main()
