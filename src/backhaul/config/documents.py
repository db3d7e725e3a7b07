"""Reading a YAML file to a tree of nodes; whatever is wrong becomes a problem with its place.

What is read is smaller than YAML: one document, keys are text, no tags, no merge keys, bounded in size. A plain value
is a number, `true`, `false` or `null` where it is spelt so; anything else, `yes`, `on`, `2024-01-01` and `0123`
included, is text. A setting that is true or false still understands `yes`, and one that is a date the text of one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from backhaul.config.nodes import Document, Entry, Node, Scalar
from backhaul.config.problems import Place, Problem

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
MAX_DEPTH = 60

# libyaml's parser where PyYAML has it: about ten times faster, the same events
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]{1,2})?|[eE][-+]?[0-9]{1,2})")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAGS = (None, "!", "tag:yaml.org,2002:str")


def read(path: Path, shown: str | None = None) -> Document:
    """Read a file; `shown` is how problems call it. Nothing is raised, problems are in the document."""
    file = shown or str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as failure:
        return _unreadable(f"the file cannot be read: {failure.strerror or failure}", Place(file))
    return parse(content, file)


def parse(content: bytes, file: str) -> Document:
    """Like `read`, from what a file holds."""
    if len(content) > MAX_BYTES:
        return _unreadable(f"the file is larger than {MAX_BYTES:,} bytes", Place(file))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        return _unreadable("the file is not UTF-8 text", Place(file, content.count(b"\n", 0, failure.start) + 1, 1))
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _Refused as failure:
        return _unreadable(str(failure), failure.place, builder.problems)
    except yaml.MarkedYAMLError as failure:
        return _malformed(file, text, failure, builder.problems)
    except yaml.YAMLError as failure:
        line = text.count("\n", 0, getattr(failure, "position", 0)) + 1
        return _unreadable(f"not YAML: {str(failure).splitlines()[0]}", Place(file, line, 1), builder.problems)
    root = builder.root or Node(None, Place(file, 1, 1))
    if root.value is None:
        root = Node({}, root.place)
    if not isinstance(root.value, dict):
        return _unreadable("the file must hold a map: lines of `key: value`", root.place, builder.problems)
    return Document(file, root, tuple(builder.problems))


def plain(text: str) -> Any:
    """The values of a document whose places nobody asks for, read as all of YAML. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, whichever it is


def _unreadable(what: str, place: Place, others: list[Problem] | None = None) -> Document:
    return Document(place.file, None, (*(others or ()), Problem(place, "", what)))


def _malformed(file: str, text: str, failure: yaml.MarkedYAMLError, others: list[Problem]) -> Document:
    """Point at the tab or the opening bracket, where libyaml only knows where it gave up."""
    mark = failure.problem_mark or failure.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    rows = text.split("\n")
    for number in (line, line + 1):
        row = rows[number - 1] if 0 < number <= len(rows) else ""
        indent = row[: len(row) - len(row.lstrip())]
        if "\t" in indent:
            return _unreadable(
                "a tab indents the line; use spaces", Place(file, number, indent.index("\t") + 1), others
            )
    what = failure.problem or "it cannot be parsed"
    if "mapping values are not allowed" in what:
        what = "a second `:` on the line, or an odd indentation; put a text that holds `: ` in quotes"
    elif failure.context:
        begun = failure.context_mark.line + 1 if failure.context_mark else line
        what = f"{what} {failure.context}" + (f", which starts on line {begun}" if begun != line else "")
    return _unreadable(f"not YAML: {what}", Place(file, line, column), others)


class _Refused(ValueError):
    def __init__(self, what: str, place: Place) -> None:
        super().__init__(what)
        self.place = place


@dataclass(slots=True)
class _Open:
    """A list or map whose end is still to come."""

    place: Place
    anchor: str | None
    is_map: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str, Place] | None = None
    weight: int = 1
    height: int = 0


class _Builder:
    """Puts a parser's events together; what an alias repeats weighs as if it were written out."""

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        place = Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.ScalarEvent() if self._awaits_key():
                self._key(event.value, place)
            case yaml.ScalarEvent():
                self._refuse_tag(event, place)
                plain = event.implicit[0] and not event.style and event.tag is None
                self._add(Node(_scalar(event.value) if plain else event.value, place), event.anchor)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if self._awaits_key():
                    raise _Refused("a key must be text", place)
                self._refuse_tag(event, place)
                self._open.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent)))
                self._check_size(place, 0)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                node = Node(done.entries if done.is_map else tuple(done.items), done.place)
                self._add(node, done.anchor, done.weight, done.height + 1)
            case yaml.AliasEvent():
                if self._awaits_key():
                    raise _Refused("a key must be text, not an alias", place)
                if event.anchor not in self._anchors:
                    raise _Refused(f"the alias *{event.anchor} has no anchor before it", place)
                node, weight, height = self._anchors[event.anchor]
                self._check_size(place, height)
                self._add(node, None, weight, height)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _Refused("the file holds more than one document; leave out the second `---`", place)

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].is_map and self._open[-1].key is None

    def _path(self) -> str:
        return ".".join(level.key[0] if level.key else str(len(level.items)) for level in self._open)

    def _refuse_tag(self, event: Any, place: Place) -> None:
        if event.tag not in _TAGS:
            self.problems.append(Problem(place, self._path(), f"the tag {event.tag} is not understood; leave it out"))

    def _key(self, key: str, place: Place) -> None:
        top = self._open[-1]
        top.key = (key, place)
        if key in top.entries:
            what = f"the key stands twice in this map, first on line {top.entries[key].place.line}"
            self.problems.append(Problem(place, self._path(), what))
        elif key == "<<":
            what = "merge keys are not understood; a pipeline `extends` another, a source's objects `use` templates"
            self.problems.append(Problem(place, self._path(), what))

    def _add(self, node: Node, anchor: str | None, weight: int = 1, height: int = 0) -> None:
        if anchor:
            self._anchors[anchor] = (node, weight, height)
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        top.weight += weight
        top.height = max(top.height, height)
        if top.key is None:
            top.items.append(node)
        else:
            key, place = top.key
            top.entries.setdefault(key, Entry(node, place))
            top.key = None
        if top.weight > MAX_NODES:
            raise _Refused(f"the file holds more than {MAX_NODES:,} values, counting what aliases repeat", node.place)

    def _check_size(self, place: Place, height: int) -> None:
        if len(self._open) + height > MAX_DEPTH:
            raise _Refused(f"lists and maps are nested more than {MAX_DEPTH} deep", place)


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
