"""What the world's rows are made of: the CSV files beside this package, and lists of names and places."""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib.resources import files


@cache
def rows(path: str) -> tuple[dict[str, str], ...]:
    """The rows of one file in `data/`."""
    text = files("backhaul.sandbox").joinpath("data", *path.split("/")).read_text("utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


# Country -> city, region, telephone prefix.
CITIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "United States": (
        ("Austin", "TX", "+1 512"),
        ("Boston", "MA", "+1 617"),
        ("Chicago", "IL", "+1 312"),
        ("Denver", "CO", "+1 303"),
        ("New York", "NY", "+1 212"),
        ("Portland", "OR", "+1 503"),
        ("San Francisco", "CA", "+1 415"),
        ("Seattle", "WA", "+1 206"),
    ),
    "Belgium": (("Brussels", "", "+32 2"),),
    "Brazil": (("São Paulo", "SP", "+55 11"),),
    "China": (("Shanghai", "", "+86 21"),),
    "Germany": (("München", "Bayern", "+49 89"),),
    "Italy": (("Milano", "", "+39 02"),),
    "Japan": (("Tokyo", "", "+81 3"),),
    "Jordan": (("Amman", "", "+962 6"),),
    "Kenya": (("Nairobi", "", "+254 20"),),
    "Korea": (("Seoul", "", "+82 2"),),
    "Norway": (("Oslo", "", "+47 22"),),
    "Panama": (("Panamá", "", "+507 2"),),
    "Philippines": (("Manila", "", "+63 2"),),
    "Poland": (("Kraków", "", "+48 12"),),
    "Romania": (("Bucharest", "", "+40 21"),),
}
STREETS = ("Main Street", "Market Street", "Oak Avenue", "Second Avenue", "Harbor Road", "Mill Lane", "Station Road")
FIRST_NAMES = (
    "Ada", "Alan", "Amara", "Beatriz", "Bruno", "Chen", "Chloé", "Daniel", "Deepa", "Elena", "Emeka", "Farid",
    "Fiona", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jamal", "Joana", "Kai", "Karin", "Lars", "Leila", "Lucía",
    "Mateo", "Mei", "Nadia", "Noah", "Olga", "Omar", "Priya", "Quinn", "Rafael", "Rosa", "Sven", "Tariq", "Uma",
    "Victor", "Wanda", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Almeida", "Baker", "Bianchi", "Carter", "Castro", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad",
    "Ibrahim", "Jansen", "Kim", "Kowalski", "Lopez", "Madsen", "Mbeki", "Nakamura", "Novak", "O'Brien", "Okafor",
    "Patel", "Quigley", "Rossi", "Sato", "Schmidt", "Silva", "Tanaka", "Ueda", "Vargas", "Weber", "Xu", "Yamada",
    "Zhang", "Núñez",
)  # fmt: skip
TITLES = (
    "Chief Executive Officer", "Chief Financial Officer", "Head of IT", "IT Manager", "Office Manager",
    "Operations Director", "Procurement Manager", "Purchasing Agent", "Sales Manager", "Systems Engineer",
)  # fmt: skip
