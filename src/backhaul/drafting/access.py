"""How the vendor is reached: its address, its ways in, what it asks of every request, its limits and its errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backhaul.drafting.collections import parameters
from backhaul.drafting.document import Document, Operation, types
from backhaul.drafting.pages import step_of
from backhaul.drafting.words import RESERVED, plain, snake
from backhaul.drafting.written import Look, shortened

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_SPANS = {"second": "1s", "sec": "1s", "minute": "1m", "min": "1m", "hour": "1h", "day": "1d"}
_RATE = re.compile(
    r"(\d[\d,]*)\s*(?:api\s+)?(?:requests?|calls?)\s*(?:/|per|a|every|each)\s*(second|sec|minute|min|hour|day)",
    re.IGNORECASE,
)
_WHO = (
    "me", "self", "whoami", "currentuser", "myself", "viewer", "account", "accountinfo", "company",
    "organization", "organisation", "tenant", "profile", "details", "info", "usersme", "userme",
)  # fmt: skip


def base_url(document: Document) -> tuple[Any, dict[str, Any]]:
    """The address, and the settings that it is made with."""
    servers = document.root.get("servers")
    servers = [document.at(each) for each in servers] if isinstance(servers, list) else []
    server = next((each for each in servers if isinstance(each.get("url"), str)), None)
    if server is None:
        return Look("https://api.example.com", "the document does not say where its servers are"), {}
    settings: dict[str, Any] = {}
    variables = server.get("variables")
    variables = variables if isinstance(variables, Mapping) else {}

    def setting(match: re.Match[str]) -> str:
        name = snake(match[1])
        told = document.at(variables.get(match[1]))
        about = told.get("description")
        settings[name] = {
            "title": shortened(about, 80) if isinstance(about, str) and about else f"{match[1]} of the address"
        }
        if told.get("default") not in (None, ""):
            settings[name]["default"] = str(told["default"])
        if isinstance(told.get("enum"), list) and told["enum"]:
            settings[name]["one_of"] = [str(each) for each in told["enum"]]
        return f"{{settings.{name}}}"

    url = _VARIABLE.sub(setting, server["url"]).rstrip("/")
    if not url.startswith(("http://", "https://", "{settings.")):
        return Look(
            f"https://api.example.com{'' if url.startswith('/') or not url else '/'}{url}", "which host?"
        ), settings
    others = [each["url"] for each in servers if isinstance(each.get("url"), str)][1:]
    return (Look(url, f"or {shortened(', '.join(others))}?") if others else url), settings


def ways_in(document: Document) -> Any:
    """The auth variants: of each scheme that requests are secured by; schemes that go together are one."""
    schemes = document.at(document.root.get("components")).get("securitySchemes")
    schemes = schemes if isinstance(schemes, Mapping) else {}
    known = {str(name): document.at(each) for name, each in schemes.items()}
    wanted: dict[tuple[str, ...], None] = {}
    asked = [document.root.get("security"), *(each.security for each in document.operations())]
    for need in (need for needs in asked if isinstance(needs, list) for need in needs if isinstance(need, Mapping)):
        names = tuple(sorted(str(name) for name in need if name in known))
        if names:
            wanted.setdefault(names)
    if not wanted:
        wanted = dict.fromkeys((name,) for name in known)
    found: dict[str, Any] = {}
    untold: list[str] = []
    for names in wanted:
        auth = _together([(name, known[name]) for name in names])
        if auth is None:
            untold += names
        else:
            found.setdefault(snake("_".join(names)), auth)
    if not found:
        kinds = ", ".join(f"{name} ({known[name].get('type', 'of no type')})" for name in untold)
        why = f"cannot be made of {kinds}" if kinds else "the document names no security schemes"
        return {"token": Look({"type": "bearer"}, f"{why}: how does one prove who asks?")}
    return found


def _together(schemes: list[tuple[str, Mapping[str, Any]]]) -> Any:
    """One way in of schemes that a request needs all of: a second API key goes along in a header."""
    keys = [(name, each) for name, each in schemes if each.get("type") == "apiKey" and each.get("in") == "header"]
    if len(schemes) == 1:
        return _way_in(schemes[0][1])
    if len(keys) == len(schemes):
        (_, first), *others = keys
        more = {
            str(each.get("name")): f"{{credentials.{snake(name)}}}"
            for name, each in others
            if each.get("name") not in RESERVED
        }
        return {"type": "api_key", "header": str(first.get("name")), "headers": more}
    found = next((way for _, each in schemes if (way := _way_in(each)) is not None), None)
    names = ", ".join(name for name, _ in schemes)
    return None if found is None else Look(found, f"requests need {names} together; which headers hold the others?")


def _way_in(scheme: Mapping[str, Any]) -> Any:
    kind, place, name = scheme.get("type"), scheme.get("in"), str(scheme.get("name", ""))
    if kind == "http":
        if str(scheme.get("scheme", "")).lower() == "basic":
            return {"type": "basic"}
        if str(scheme.get("scheme", "")).lower() == "bearer":
            return {"type": "bearer"}
        return None
    if kind == "apiKey" and place == "header":
        if plain(name) == "authorization":
            value = "{credentials.key}"
            return Look({"type": "api_key", "header": name, "value": value}, "does a word stand before the key?")
        return {"type": "api_key", "header": name}
    if kind == "apiKey" and place == "query":
        return {"type": "api_key", "param": name}
    flows = scheme.get("flows")
    if kind != "oauth2" or not isinstance(flows, Mapping):
        return None
    for flow, grant in (("authorizationCode", "authorization_code"), ("clientCredentials", "client_credentials")):
        told = flows.get(flow)
        if isinstance(told, Mapping) and isinstance(told.get("tokenUrl"), str):
            way: dict[str, Any] = {"type": "oauth2", "grant": grant}
            if grant == "authorization_code":
                if not isinstance(told.get("authorizationUrl"), str):
                    continue
                way["authorize_url"] = told["authorizationUrl"]
            way["token_url"] = _literal(told["tokenUrl"])
            scopes = [str(each) for each in told.get("scopes") or {}] if isinstance(told.get("scopes"), Mapping) else []
            if scopes:
                way["scopes"] = Look([_literal(each) for each in scopes], "ask for what is needed and no more")
            return Look(way, "how the client proves itself (client_auth), pkce, and whether refresh tokens rotate")
    return None


def _literal(text: str) -> str:
    """Braces that a vendor's text holds are no placeholders of ours."""
    return re.sub(r"\{([a-z_]+)", r"{ \1", text)


def probe(document: Document, used: set[str]) -> dict[str, Any] | None:
    """The request that tells whose account it is; None where no path looks like one."""
    ranked: list[tuple[int, Operation]] = []
    for each in document.operations():
        last = plain(each.path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".json"))
        needs = any(param.required for param in each.asked("query", "header"))
        if each.method == "get" and last in _WHO and not parameters(each.path) and not needs and each.path not in used:
            ranked.append((_WHO.index(last), each))
    for _, each in sorted(ranked, key=lambda one: (one[0], len(one[1].path))):
        path = next(_ids(document, each.success.schema), None) if each.success is not None else None
        if path is not None:
            why = "does its answer tell the account (and not a user), by something that stays?"
            return {"get": _whole(each), "keep": Look({"id": path}, why)}
    return None


def _ids(document: Document, schema: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[str]:
    properties = document.properties(schema)
    for wanted in ("accountid", "companyid", "organizationid", "id", "uuid", "gid", "uid", "key", "email", "login"):
        for name, each in properties.items():
            if plain(name) == wanted and not {"object", "array"} & set(types(each)) and (step := step_of(name)):
                yield f"{path}{step}"
    for name, each in properties.items():
        if depth < 2 and "object" in types(each) and (step := step_of(name)):
            yield from _ids(document, each, f"{path}{step}.", depth + 1)


def _whole(operation: Operation) -> str:
    return f"{operation.host.rstrip('/')}{operation.path}" if operation.host else operation.path


def limits(document: Document) -> Any:
    """What headers tell of a rate, or what the document says of one in words."""
    headers: dict[str, str] = {}
    for operation in document.operations():
        for status in sorted(operation.answers, key=lambda status: status != "429"):
            headers = {**operation.answers[status].headers, **headers}
    remaining = next((name for name in headers if "ratelimit" in plain(name) and "remaining" in plain(name)), None)
    most = next((name for name in headers if "ratelimit" in plain(name) and plain(name).endswith("limit")), None)
    info = document.at(document.root.get("info")).get("description")
    said = _RATE.search(info) if isinstance(info, str) else None
    number = int(said[1].replace(",", "")) if said is not None else 0
    limit: dict[str, Any] = {"type": "rate", "requests": number or 5, "per": _SPANS[said[2].lower()] if said else "1s"}
    if most is not None:
        limit["max"] = f"header:{most}"
    if remaining is not None:
        limit["remaining"] = f"header:{remaining}"
    why = f"the document says: {said[0]}; of whom?" if number and said else "how many requests does the vendor allow?"
    return [Look(limit, why)]


def error(document: Document) -> Any:
    """Where an error says what."""
    for operation in document.operations():
        for status in sorted(operation.answers, key=lambda each: (each not in ("400", "422"), each)):
            if status[:1] in ("4", "5") or status == "default":
                told = _error(document, operation.answers[status].schema)
                if told.get("message"):
                    return told
    return Look({"message": "message | error.message | error"}, "where does an error say what?")


def _error(document: Document, schema: Mapping[str, Any], path: str = "", depth: int = 0) -> dict[str, str]:
    properties = document.properties(schema)
    by_plain = {plain(name): (name, each) for name, each in reversed(properties.items())}
    found: dict[str, str] = {}
    for ours, theirs in (("message", _MESSAGE), ("code", _CODE), ("field", _FIELD), ("request_id", _REQUEST)):
        for wanted in theirs:
            name, each = by_plain.get(wanted, ("", {}))
            step = step_of(name)
            if step is not None and not {"object", "array"} & set(types(each)):
                found[ours] = f"{path}{step}"
                break
    if "message" in found or depth > 2:
        return found
    for wanted in ("error", "errors", "fault", "detail", "details"):
        name, each = by_plain.get(wanted, ("", {}))
        step = step_of(name)
        if step is None:
            continue
        inner, within = (
            (document.schema(each.get("items")), f"{path}{step}[0]")
            if "array" in types(each)
            else (each, f"{path}{step}")
        )
        if deeper := _error(document, inner, f"{within}.", depth + 1):
            return {**found, **deeper}
    return found


_MESSAGE = ("message", "errormessage", "errordescription", "detail", "description", "error", "title", "reason")
_CODE = ("code", "errorcode", "errno", "type", "name")
_FIELD = ("field", "param", "parameter", "property", "attribute")
_REQUEST = ("requestid", "correlationid", "traceid", "logid")
