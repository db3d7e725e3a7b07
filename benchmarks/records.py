"""The records that every contender reads: 20 properties each, spelt as text, the way a CRM sends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

PROPERTIES: dict[str, str] = {
    "firstname": "string",
    "lastname": "string",
    "email": "string",
    "company": "string",
    "city": "string",
    "jobtitle": "string",
    "phone": "string",
    "website": "string",
    "lifecyclestage": "enumeration",
    "annualrevenue": "number",
    "score": "number",
    "discount": "number",
    "employees": "number",
    "createdate": "datetime",
    "lastmodifieddate": "datetime",
    "last_contacted": "datetime",
    "birth_date": "date",
    "renewal_date": "date",
    "opted_out": "bool",
    "active": "bool",
}
FIRST_ID = 10_000_001

_FIRST = ("Ada", "Grace", "Edsger", "Barbara", "Alan", "Radia", "Tony", "Frances", "Zoë", "Jürgen")
_LAST = ("Lovelace", "Hopper", "Dijkstra", "Liskov", "Turing", "Perlman", "Hoare", "Allen", "Müller", "O'Neil")
_CITY = ("London", "Berlin", "Paris", "Nairobi", "Lima", "Osaka", "Oslo")
_JOB = ("Engineer", "Head of Operations", "Buyer", "Account Manager", "CFO")
_STAGE = ("lead", "marketingqualifiedlead", "opportunity", "customer")
_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


def key(number: int) -> str:
    return str(FIRST_ID + number)


def properties(number: int, changed: datetime | None = None) -> str:
    """The JSON of one record's properties. changed: when it was edited, which its score and job title show too."""
    n = number
    created = _BEGAN + timedelta(minutes=n % 1_000_000)
    modified = changed or created + timedelta(days=30, milliseconds=n % 1000)
    first, last = _FIRST[n % 10], _LAST[n // 10 % 10]
    phone = "null" if n % 5 == 0 else f'"+44 20 7946 {n % 10000:04d}"'
    score = n % 1000 + (1 if changed is not None else 0)
    job = _JOB[n % 5] + (" again" if changed is not None else "")
    day = f"{1950 + n % 50}-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
    return (
        f'{{"firstname":"{first}","lastname":"{last} {n}","email":"{last.lower()}.{n}@example.com",'
        f'"company":"Company {n // 7} Ltd","city":"{_CITY[n % 7]}","jobtitle":"{job}","phone":{phone},'
        f'"website":"https://www.company-{n // 7}.example","lifecyclestage":"{_STAGE[n % 4]}",'
        f'"annualrevenue":"{n * 37 % 9_999_999}.{n % 100:02d}","score":"{score}","discount":"0.{n % 100:02d}",'
        f'"employees":"{n % 5000}","createdate":"{_time(created)}","lastmodifieddate":"{_time(modified)}",'
        f'"last_contacted":"{_time(created + timedelta(hours=n % 700))}","birth_date":"{day}",'
        f'"renewal_date":"2026-{n % 12 + 1:02d}-15","opted_out":"{"true" if n % 3 == 0 else "false"}",'
        f'"active":"{"false" if n % 11 == 0 else "true"}"}}'
    )


def listed(number: int, changed: datetime | None = None) -> str:
    """A record as the list and search endpoints send it."""
    inner = properties(number, changed)
    return (
        f'{{"id":"{key(number)}","properties":{inner},"createdAt":"2020-01-01T00:00:00.000Z",'
        f'"updatedAt":"2020-01-01T00:00:00.000Z","archived":false}}'
    )


def queried(number: int) -> str:
    """A record as the query endpoint sends it: flat, in large pages."""
    inner = properties(number)
    return f'{{"attributes":{{"type":"Contact","url":"/query/Contact/{key(number)}"}},"Id":"{key(number)}",{inner[1:]}'


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
