"""The stage that the pages play on: the demo's project, its simulators, and a reader who does what a page says."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from backhaul.cli.app import app
from backhaul.config.pipeline import Pipeline
from backhaul.config.source import Source
from backhaul.config.templates import merge, resolve
from backhaul.project import Project
from backhaul.sandbox.demo import SOURCES, disturb, make_room, prepare
from backhaul.sandbox.serve import Served, serve_all
from backhaul.transform.contracts import Contract
from tests.docs.blocks import Block, typed
from tests.docs.output import LOOSE, difference

ROOT = Path(__file__).parents[2]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


class Wrong(AssertionError):
    """A page that does not say the truth, with its place."""


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """The demo's project in a folder, as `backhaul demo` lays it out, before anything was run."""
    before = Path.cwd()
    with serve_all(SOURCES) as served:
        make_room(folder)
        prepare(folder, served)
        try:
            yield Stage(folder, served)
        finally:
            os.chdir(before)


class Stage:
    """Plays pages, one after the other, on one project."""

    def __init__(self, folder: Path, served: Sequence[Served]) -> None:
        self._folder = folder
        self._served = served
        self._names: dict[str, Any] = {}
        self._printed = ""

    def play(self, page: Sequence[Block]) -> None:
        """Do what the page says, from the project's folder on. Raises Wrong."""
        os.chdir(self._folder)
        self._names, self._printed = {}, ""
        for block in page:
            try:
                self._act(block)
            except Wrong as wrong:
                raise Wrong(f"{block.place}: {wrong}") from wrong.__cause__

    def _act(self, block: Block) -> None:
        acts: dict[str, Callable[[Block], None]] = {
            "console": self._console, "hidden": self._hidden, "python": self._python, "sql": self._sql,
            "yaml": self._yaml, "text": self._text,
        }  # fmt: skip
        if block.language not in acts:
            raise Wrong(f"nobody knows how to try a block of {block.language or 'no language'}")
        acts[block.language](block)

    def _hidden(self, block: Block) -> None:
        for step in block.lines[0].split("; "):
            if step == "the vendors change":
                disturb(self._served)
            else:
                self._run(step)

    def _console(self, block: Block) -> None:
        for each in typed(block):
            printed = self._run(each.command)
            wrong = difference(each.shown, printed, loose=any(f"backhaul {name}" in each.command for name in LOOSE))
            if any(line.strip() for line in each.shown) and wrong:
                raise Wrong(f"$ {each.command}\n{wrong}\n--- it printed\n{printed}")

    def _run(self, command: str) -> str:
        """What a command prints on standard output. `a && b` is two; `# ...` behind it is for the reader."""
        printed = ""
        for words in _parted(shlex.split(command, comments=True)):
            printed += self._one(words, command)
        return printed

    def _one(self, words: list[str], command: str) -> str:
        match words:
            case ["backhaul", *rest] if _goes_on(rest):
                return _until_it_speaks(rest)
            case ["backhaul", *rest]:
                done = CliRunner().invoke(app, rest)
                told = re.search(r"# .*exit code (\d+)", command)
                if done.exit_code != (int(told[1]) if told else 0):
                    raise Wrong(f"$ {command}\nends with {done.exit_code}\n{done.output}")
                return done.stdout
            case ["cd", where]:
                os.chdir(where)
            case ["cp", ".env.example", ".env"]:
                self._fill_in_the_secrets()
            case ["rm", name] if "/" in name:
                (Path.cwd() / name).unlink()
            case ["kinto" | "pip", *_]:
                pass  # whoever plays the page has it running, at an address of its own
            case ["export", *_]:
                pass  # we call the command line from within
            case ["make", target] if target in TARGETS:
                pass  # what it does is tried by the tests of that room
            case _:
                raise Wrong(f"nobody knows how to try $ {command}")
        return ""

    def _fill_in_the_secrets(self) -> None:
        """As a reader would, who has an account: here, at the simulator."""
        (hubspot,) = (each for each in self._served if each.source == "hubspot")
        shutil.copy(".env.example", ".env")
        with Path(".env").open("a", encoding="utf-8") as file:
            file.write(f"EXAMPLE_HUBSPOT_URL={hubspot.base_url}\n")
            file.write(f"EXAMPLE_HUBSPOT_TOKEN={hubspot.credentials['token']}\n")

    def _python(self, block: Block) -> None:
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                exec(compile("\n" * (block.line - 1) + block.text, str(block.page), "exec"), self._names)
        except Exception as error:
            raise Wrong(f"the Python block fails: {type(error).__name__}: {error}") from error
        self._printed = out.getvalue()

    def _text(self, block: Block) -> None:
        """What the Python block before it prints."""
        if wrong := difference(block.lines, self._printed):
            raise Wrong(f"{wrong}\n--- it printed\n{self._printed}")

    def _sql(self, block: Block) -> None:
        """A query that finds something; a staging file, which is put in its place; or a mart, which is also built."""
        text, kind, _, name = block.text, *block.info.partition(" ")
        if kind == "staging":
            path = Path.cwd() / "transforms" / "staging" / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        if kind == "mart":
            path = self._folder / "transforms" / "marts" / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self._run("backhaul transform acme")
            self._run("backhaul publish acme")
            text = f"select * from {name}"
        with Project(self._folder) as project:
            found = project.customer("acme").query(text, raw=kind == "raw")
        if not found.rows:
            raise Wrong("the query finds nothing")

    def _yaml(self, block: Block) -> None:
        content = yaml.safe_load(block.text)
        models = {"pipeline": Pipeline, "source": Source, "entity": Contract}
        kind = block.info.partition(" ")[0]
        if kind not in models:
            raise Wrong("a yaml block says what it is: ```yaml pipeline, source or entity")
        try:
            models[kind].model_validate(resolve(content) if kind == "source" else content)
        except ValueError as error:
            raise Wrong(f"is no {kind}: {error}") from error
        name = block.info.partition(" ")[2]
        if kind == "pipeline" and name:
            self._add(name, content)
        if kind == "source" and name:
            (Path.cwd() / "sources" / name / "source.yaml").write_text(block.text, encoding="utf-8")

    def _add(self, customer: str, content: Any) -> None:
        """As a reader would, who writes it into the customer's file."""
        path = Path.cwd() / "pipelines" / f"{customer}.yaml"
        whole = merge(yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}, content)
        path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")


def _parted(words: list[str]) -> Iterator[list[str]]:
    """The commands between `&&`."""
    part: list[str] = []
    for word in words:
        if word == "&&":
            yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def _goes_on(words: list[str]) -> bool:
    """Whether the command only ends with Ctrl-C."""
    return "--watch" in words or words[:2] == ["sandbox", "serve"] or (words[0] == "notebook" and len(words) > 1)


def _until_it_speaks(words: list[str]) -> str:
    """A command that goes on until Ctrl-C: which comes with its first line."""
    program = [sys.executable, "-m", "backhaul", *words]
    # a page that opens in a browser opens in none
    environment = {**os.environ, "BROWSER": "true"}
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    if process.returncode not in (0, 130) or "Traceback" in rest:
        raise Wrong(f"$ backhaul {shlex.join(words)}\nends with {process.returncode}\n{first}{rest}")
    return ""
