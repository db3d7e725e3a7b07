"""What requests and answers are written in: elements read strictly, and elements written one within the other."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

Element = ElementTree.Element


class Markup(str):
    """Text that is written XML already."""

    __slots__ = ()


def tag(name: str, *content: str | None, **attributes: object) -> Markup:
    """An element. Text is escaped, markup stands as it is, None and nothing are an empty element."""
    inner = "".join(each if isinstance(each, Markup) else escape(each) for each in content if each is not None)
    told = "".join(f" {key.rstrip('_')}={quoteattr(str(value))}" for key, value in attributes.items())
    return Markup(f"<{name}{told}>{inner}</{name}>" if inner else f"<{name}{told}/>")


def parse(body: bytes) -> Element:
    """Raises ValueError where it is no XML, or declares a document type."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("a document type is not allowed")
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None


def text_of(parent: Element, name: str) -> str | None:
    """The text of a child element; "" where it is empty, None where it is not there."""
    child = parent.find(name)
    return None if child is None else (child.text or "").strip()
