"""One process: opens the connection when it is told to, and says what came of it.

Where the file `armed` lies in the project, the process that first has a new refresh token in hand, and has not kept it
yet, takes the file away and is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from backhaul.errors import BackhaulError, Reauthorise
from backhaul.project import Project
from backhaul.vault.tokens import Kept, Tokens

_write = Kept.write


def main() -> None:
    root = Path(sys.argv[1])
    armed = root / "armed"

    def write(self: Kept, tokens: Tokens) -> None:
        if tokens.spending_since is None and armed.exists():
            try:
                armed.unlink()
            except FileNotFoundError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        _write(self, tokens)

    Kept.write = write  # type: ignore[method-assign]
    with Project(root) as project:
        acme = project.customer("acme")
        say("ready")
        for _ in sys.stdin:
            try:
                with acme.context() as context:
                    context.open("crm").close()
                say("ok")
            except Reauthorise:
                say("reauth")
            except BackhaulError as error:
                say(f"{type(error).__name__}: {error.what}")


def say(text: str) -> None:
    sys.stdout.write(" ".join(text.split()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
