"""XML as plain values and back: `@x` is an attribute, a repeated element a list, text is text.

What a document says starts below its root element. Entities and document types are refused, so that a small answer
cannot become a large one; its size is bounded by the transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.parsers.expat import ExpatError

from backhaul.config.paths import Element
from backhaul.errors import ConfigError


def parse(body: bytes) -> Any:
    """What stands below the root element. Raises ValueError where the body is no such document."""
    try:
        document = _library().parse(body, dict_constructor=Element, disable_entities=True)
    except ExpatError as error:
        raise ValueError(str(error)) from None
    content = next(iter(document.values()), None)
    return Element() if content is None else content


def write(document: Mapping[str, Any]) -> bytes:
    """A document with one root element. Raises ValueError where it has none or several, or a name is no name."""
    if len(document) != 1:
        raise ValueError(f"an XML body has one root element; this has {', '.join(document) or 'none'}")
    text: str = _library().unparse(document)
    return text.encode()


def is_xml(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether an answer says that it is XML. A web page is none, whatever it is written in."""
    told = headers.get("content-type", "").lower()
    if "html" in told or "json" in told:
        return False
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<?xml") or ("xml" in told and start.startswith(b"<"))


def _library() -> Any:
    try:
        import xmltodict
    except ImportError as error:
        raise ConfigError(
            "this source speaks XML, for which a library is missing", next_step="pip install 'backhaul[xml]'"
        ) from error
    return xmltodict
