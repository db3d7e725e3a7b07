"""Fills an organization from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.dynamics365.answers import stamp
from backhaul.sandbox.dynamics365.columns import CHOICES
from backhaul.sandbox.dynamics365.definitions import SALES_STAGES
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

COUNTS = {
    "task": 90,
    "phonecall": 40,
    "appointment": 30,
    "email": 40,
    "incident": 120,
    "annotation": 60,
    "lead": 50,
    "quote": 30,
    "new_subscription": 70,
    "new_reading": 25,
}
MADE = datetime(2023, 1, 9, 8, tzinfo=UTC)
EURO = 0.92
Values = dict[str, Any]


class Seeder:
    def __init__(self, organization: Organization, world: World) -> None:
        self._organization = organization
        self._world = world
        self._seed = world.seed
        self._names = list(organization.definitions)
        self._companies = {company.name: company.index for company in world.companies}

    def plant(self) -> None:
        for name in self._names:
            fill: Callable[[Table], None] | None = getattr(self, f"_{name}", None)
            self._organization.tables[name] = Table(name, fill)
        self._organization.me = self.id("systemuser", len(self._world.sellers))

    def id(self, name: str, i: int) -> str:
        """Their order is not that of the rows."""
        high = mix(self._seed, 90, self._names.index(name), i)
        return str(
            uuid.UUID(int=(high << 64 | 0x8000 << 48 | self._names.index(name) << 32 | i) & ~(0xF << 76) | (0x4 << 76))
        )

    def _put(self, table: Table, i: int, values: Values, made: datetime, salt: int = 0) -> None:
        definition = self._organization.definitions[table.name]
        made = min(made, EPOCH - timedelta(days=2)).replace(microsecond=0)
        changed = min(
            made + timedelta(seconds=mix(self._seed, 80, salt, i) % (40 * 86_400)), EPOCH - timedelta(seconds=1)
        )
        whole: Values = {each.read_as: None for each in definition.reads().values()}
        for name in ("versionnumber", "createdon", "modifiedon", definition.key):
            whole.pop(name, None)
        if "ownerid" in definition.columns:
            whole |= {
                "_ownerid_value": self.id("systemuser", i % len(self._world.sellers)),
                "_ownerid_value@target": "systemuser",
            }
        if "statecode" in definition.columns:
            whole |= {"statecode": 0, "statuscode": definition.columns["statuscode"].options[0][0]}
        if "merged" in definition.columns:
            whole["merged"] = False
        row = table.insert(
            whole | values, id=self.id(table.name, i), at=made, changed_at=changed.replace(microsecond=0)
        )
        self._organization.follow(definition, row)

    def _to(self, column: str, target: str, i: int | None) -> Values:
        """A lookup, with the table that it points at."""
        if i is None:
            return {f"_{column}_value": None}
        return {f"_{column}_value": self.id(target, i), f"_{column}_value@target": target}

    def _money(self, i: int) -> Values:
        return self._to("transactioncurrencyid", "transactioncurrency", 1 if i % 7 == 0 else 0)

    # -- who --------------------------------------------------------------------------------------------------------

    def _businessunit(self, table: Table) -> None:
        self._put(table, 0, {"name": "acme", "isdisabled": False}, MADE)

    def _transactioncurrency(self, table: Table) -> None:
        for i, (name, code, symbol, rate) in enumerate((("US Dollar", "USD", "$", 1.0), ("Euro", "EUR", "€", EURO))):
            self._put(
                table,
                i,
                {
                    "currencyname": name,
                    "isocurrencycode": code,
                    "currencysymbol": symbol,
                    "exchangerate": rate,
                    "currencyprecision": 2,
                },
                MADE,
            )

    def _systemuser(self, table: Table) -> None:
        unit = self._to("businessunitid", "businessunit", 0)
        for seller in self._world.sellers:
            self._put(
                table,
                seller.index,
                {
                    "firstname": seller.first,
                    "lastname": seller.last,
                    "internalemailaddress": seller.email,
                    "domainname": seller.email,
                    "title": "Seller",
                    "isdisabled": seller.index % 11 == 10,
                    **unit,
                },
                MADE + timedelta(days=seller.index),
            )
        self._put(
            table,
            len(self._world.sellers),
            {
                "firstname": "#",
                "lastname": "Backhaul",
                "internalemailaddress": "app@acme.example",
                "domainname": "app@acme.example",
                "isdisabled": False,
                "applicationid": "5d1e0a9a-0000-4000-8000-000000000001",
                **unit,
            },
            MADE,
        )

    def _team(self, table: Table) -> None:
        for i, office in enumerate(sorted({seller.office for seller in self._world.sellers})):
            self._put(
                table, i, {"name": office, "isdefault": i == 0, **self._to("businessunitid", "businessunit", 0)}, MADE
            )

    def _account(self, table: Table) -> None:
        for company in self._world.companies:
            i = company.index
            self._put(
                table,
                i,
                {
                    "name": company.name,
                    "accountnumber": f"A-{i:04d}",
                    "websiteurl": f"https://www.{company.domain}",
                    "telephone1": company.phone,
                    "numberofemployees": company.employees,
                    "revenue": float(company.revenue),
                    "customertypecode": pick((3, 3, 8, 10), self._seed, 61, i),
                    "industrycode": pick((1, 9, 29, 33), self._seed, 62, i),
                    "address1_line1": company.street,
                    "address1_city": company.city,
                    "address1_stateorprovince": company.region,
                    "address1_postalcode": company.postal_code,
                    "address1_country": company.country,
                    **self._to("parentaccountid", "account", self._companies.get(company.parent or "")),
                    **self._money(i),
                    "new_externalid": f"EXT-{i:04d}" if i % 3 else None,
                    "new_arr": float(mix(self._seed, 63, i) % 100_000) / 4,
                    "new_tier": pick((None, 100000000, 100000001), self._seed, 64, i),
                    "new_areas": pick((None, "1", "1,3"), self._seed, 65, i),
                    "new_signed": (EPOCH - timedelta(days=i * 5)).date().isoformat() if i % 2 else None,
                },
                company.created_at,
                1,
            )

    def _contact(self, table: Table) -> None:
        for person in self._world.people:
            self._put(
                table,
                person.index,
                {
                    "firstname": person.first,
                    "lastname": person.last,
                    "emailaddress1": person.email,
                    "telephone1": person.phone,
                    "jobtitle": person.title,
                    "donotbulkemail": person.index % 9 == 0,
                    "new_language": pick((None, "en", "de"), self._seed, 66, person.index),
                    **self._to("parentcustomerid", "account", person.company.index),
                },
                person.created_at,
                2,
            )

    def _lead(self, table: Table) -> None:
        for i in range(COUNTS["lead"]):
            person = self._world.people[(i * 7) % len(self._world.people)]
            state = pick((0, 0, 1, 2), self._seed, 67, i)
            self._put(
                table,
                i,
                {
                    "firstname": person.first,
                    "lastname": person.last,
                    "companyname": person.company.name,
                    "subject": f"Asks about {i}",
                    "emailaddress1": f"lead{i}@{person.company.domain}",
                    "leadsourcecode": pick((1, 3, 8, 10), self._seed, 68, i),
                    "statecode": state,
                    "statuscode": {0: 1 + i % 2, 1: 3, 2: 4}[state],
                    **(
                        self._to("qualifyingopportunityid", "opportunity", i)
                        | self._to("parentaccountid", "account", person.company.index)
                        if state == 1
                        else {}
                    ),
                },
                person.created_at + timedelta(days=3),
                3,
            )

    # -- what is sold -----------------------------------------------------------------------------------------------

    def _product(self, table: Table) -> None:
        for product in self._world.products:
            self._put(
                table,
                product.index,
                {
                    "name": product.name,
                    "productnumber": product.sku,
                    "price": float(product.price),
                    "producttypecode": 1,
                    "productstructure": 1,
                    "quantitydecimal": 2,
                    "statecode": int(product.discontinued),
                    "statuscode": 2 if product.discontinued else 1,
                    **self._to("transactioncurrencyid", "transactioncurrency", 0),
                },
                MADE + timedelta(days=product.index),
            )

    def _opportunity(self, table: Table) -> None:
        stages = {"Prospecting": 0, "Engaging": 2, "Won": 3, "Lost": 3}
        for deal in self._world.deals:
            won, lost = deal.stage == "Won", deal.stage == "Lost"
            stage = stages[deal.stage]
            company = None if deal.company is None else deal.company.index
            self._put(
                table,
                deal.index,
                {
                    "name": deal.name,
                    "estimatedvalue": None if deal.amount is None else float(deal.amount),
                    "actualvalue": float(deal.amount) if won and deal.amount is not None else None,
                    "salesstage": stage,
                    "stepname": f"{stage + 1}-{dict(SALES_STAGES)[stage]}",
                    "closeprobability": (10, 30, 60, 90)[stage],
                    "estimatedclosedate": (deal.closed_on or deal.created_on + timedelta(days=60)).isoformat(),
                    "actualclosedate": deal.closed_on.isoformat() if deal.closed_on and (won or lost) else None,
                    "statecode": 1 if won else 2 if lost else 0,
                    "statuscode": 3 if won else 4 if lost else 1,
                    **self._to("customerid", "account", company),
                    **self._to("parentaccountid", "account", company),
                    **self._to("ownerid", "systemuser", deal.seller.index),
                    **self._money(deal.index),
                    "new_region": pick((None, "North", "South"), self._seed, 69, deal.index),
                },
                _at(deal.created_on),
                4,
            )

    def _opportunityproduct(self, table: Table) -> None:
        for deal in self._world.deals[:300]:
            if deal.product is not None:
                price = float(deal.amount if deal.amount is not None else deal.product.price)
                self._put(
                    table,
                    deal.index,
                    {
                        **self._to("opportunityid", "opportunity", deal.index),
                        **self._to("productid", "product", deal.product.index),
                        "lineitemnumber": 1,
                        "quantity": 1.0,
                        "priceperunit": price,
                        "baseamount": price,
                        "extendedamount": price,
                        **self._money(deal.index),
                    },
                    _at(deal.created_on),
                    5,
                )

    def _quote(self, table: Table) -> None:
        self._documents(
            table,
            "quote",
            {0: 1, 1: 3, 2: 4},
            lambda order: {"quotenumber": f"QUO-{order.number}", "effectiveto": order.required_on.isoformat()},
            COUNTS["quote"],
        )

    def _salesorder(self, table: Table) -> None:
        self._documents(
            table,
            "salesorder",
            {0: 1, 3: 100001, 4: 100003},
            lambda order: {
                "ordernumber": f"ORD-{order.number}",
                "requestdeliveryby": order.required_on.isoformat(),
                "submitdate": order.ordered_on.isoformat(),
                "datefulfilled": order.shipped_on and order.shipped_on.isoformat(),
            },
        )

    def _invoice(self, table: Table) -> None:
        self._documents(
            table,
            "invoice",
            {0: 4, 2: 100001, 3: 100003},
            lambda order: {
                "invoicenumber": f"INV-{order.number}",
                "duedate": (order.ordered_on + timedelta(days=30)).isoformat(),
                **self._to("salesorderid", "salesorder", order.index),
            },
        )

    def _documents(
        self, table: Table, name: str, states: Mapping[int, int], own: Callable[[Any], Values], most: int | None = None
    ) -> None:
        for order in self._world.orders[: most or len(self._world.orders)]:
            state = pick(tuple(states), self._seed, 70, len(name), order.index)
            tax = round(float(order.total) * 0.1, 2)
            self._put(
                table,
                order.index,
                {
                    "name": f"{order.company.name} {order.number}",
                    "totalamount": round(float(order.total) + tax, 2),
                    "totaltax": tax,
                    "freightamount": float(order.freight),
                    "statecode": state,
                    "statuscode": states[state],
                    **self._to("customerid", "account", order.company.index),
                    **self._to("ownerid", "systemuser", order.seller.index),
                    **self._money(order.index),
                    **own(order),
                },
                _at(order.ordered_on),
                6,
            )

    def _quotedetail(self, table: Table) -> None:
        self._lines(table, "quote", COUNTS["quote"])

    def _salesorderdetail(self, table: Table) -> None:
        self._lines(table, "salesorder", len(self._world.orders))

    def _invoicedetail(self, table: Table) -> None:
        self._lines(table, "invoice", len(self._world.orders))

    def _lines(self, table: Table, document: str, most: int) -> None:
        i = 0
        for order in self._world.orders[:most]:
            for place, line in enumerate(order.lines, 1):
                amount = float(line.amount)
                self._put(
                    table,
                    i,
                    {
                        **self._to(f"{document}id", document, order.index),
                        **self._to("productid", "product", line.product.index),
                        "lineitemnumber": place,
                        "quantity": float(line.quantity),
                        "priceperunit": float(line.unit_price),
                        "manualdiscountamount": round(float(line.unit_price) * line.quantity - amount, 2),
                        "baseamount": amount,
                        "extendedamount": amount,
                        "tax": 0.0,
                        "isproductoverridden": False,
                        **self._money(order.index),
                    },
                    _at(order.ordered_on),
                    7,
                )
                i += 1

    # -- what is done -----------------------------------------------------------------------------------------------

    def _incident(self, table: Table) -> None:
        for i in range(COUNTS["incident"]):
            person = self._world.people[(i * 3) % len(self._world.people)]
            state = pick((0, 0, 0, 1, 2), self._seed, 71, i)
            self._put(
                table,
                i,
                {
                    "title": f"Problem {i}",
                    "ticketnumber": f"CAS-{1000 + i:05d}-X{i % 10}",
                    "description": f"It does not work ({i}).",
                    "prioritycode": pick((1, 2, 3), self._seed, 72, i),
                    "caseorigincode": pick((1, 2, 3, 2483), self._seed, 73, i),
                    "statecode": state,
                    "statuscode": {0: 1 + i % 4, 1: 5, 2: 6}[state],
                    **self._to("customerid", "account", person.company.index),
                    **self._to("primarycontactid", "contact", person.index),
                },
                EPOCH - timedelta(days=200 - i),
                8,
            )

    def _activity(self, table: Table, more: Callable[[int, datetime], Values]) -> None:
        kinds = (("account", len(self._world.companies)), ("contact", len(self._world.people)), ("opportunity", 300))
        for i in range(COUNTS[table.name]):
            target, count = kinds[i % 3]
            begins = EPOCH - timedelta(days=90) + timedelta(hours=9 + 17 * i)
            state = pick((0, 1, 1, 2), self._seed, 74, i)
            self._put(
                table,
                i,
                {
                    "subject": f"{table.name.capitalize()} {i}",
                    "description": f"<p>Said {i}</p>",
                    "activitytypecode": table.name,
                    "statecode": state,
                    "statuscode": {0: 1, 1: 5, 2: 6}[state],
                    "scheduledend": stamp(begins + timedelta(hours=1)),
                    "prioritycode": 1,
                    "actualend": stamp(begins + timedelta(hours=2)) if state == 1 else None,
                    **self._to("regardingobjectid", target, (i * 5) % count),
                    **more(i, begins),
                },
                begins - timedelta(days=2),
                9,
            )

    def _task(self, table: Table) -> None:
        self._activity(table, lambda i, begins: {"percentcomplete": i % 100})

    def _phonecall(self, table: Table) -> None:
        self._activity(
            table,
            lambda i, begins: {
                "directioncode": i % 2 == 0,
                "phonenumber": f"+1 555 {i:04d}",
                "actualstart": stamp(begins),
            },
        )

    def _appointment(self, table: Table) -> None:
        self._activity(table, lambda i, begins: {"scheduledstart": stamp(begins), "location": "Room 1"})

    def _email(self, table: Table) -> None:
        self._activity(
            table, lambda i, begins: {"directioncode": i % 2 == 0, "senton": stamp(begins), "sender": "a@acme.example"}
        )

    def _annotation(self, table: Table) -> None:
        for i in range(COUNTS["annotation"]):
            file = i % 5 == 4
            self._put(
                table,
                i,
                {
                    "subject": f"Note {i}",
                    "notetext": f"Remember {i}",
                    "isdocument": file,
                    "filename": f"file{i}.pdf" if file else None,
                    "mimetype": "application/pdf" if file else None,
                    "filesize": 1000 + i if file else None,
                    **self._to("objectid", *(("account", i) if i % 2 else ("incident", i))),
                },
                EPOCH - timedelta(days=100 - i),
                10,
            )

    # -- what the customer made, and labels -------------------------------------------------------------------------

    def _new_subscription(self, table: Table) -> None:
        for i in range(COUNTS["new_subscription"]):
            self._put(
                table,
                i,
                {
                    "new_name": f"Subscription {i}",
                    "new_mrr": float(10 + i * 3),
                    "new_starts": date(2026, 1 + i % 6, 1).isoformat(),
                    "new_seats": 1 + i % 40,
                    "new_code": f"SUB-{i:03d}",
                    **self._to("new_account", "account", i),
                    **self._money(i),
                },
                EPOCH - timedelta(days=300 - i),
                11,
            )

    def _new_reading(self, table: Table) -> None:
        for i in range(COUNTS["new_reading"]):
            at = EPOCH - timedelta(hours=100 - i)
            self._put(
                table,
                i,
                {"new_name": f"R{i}", "new_value": i * 1.5, "new_at": stamp(at), "partitionid": f"device-{i % 3}"},
                at,
                12,
            )

    def _stringmap(self, table: Table) -> None:
        i = 0
        for definition in self._organization.definitions.values():
            for column in definition.columns.values():
                for place, (value, text) in enumerate(column.options if column.kind in CHOICES else ()):
                    told = {
                        "objecttypecode": definition.name,
                        "attributename": column.name,
                        "attributevalue": value,
                        "value": text,
                        "langid": 1033,
                        "displayorder": place,
                    }
                    self._put(table, i, told, MADE)
                    i += 1


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)
