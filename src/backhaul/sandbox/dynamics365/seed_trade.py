"""Who there is and what is sold, from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.dynamics365.definitions import SALES_STAGES
from backhaul.sandbox.dynamics365.ground import MADE, Ground, Values, at
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

LEADS, QUOTES = 50, 30
EURO = 0.92


class Trade:
    def __init__(self, ground: Ground, world: World) -> None:
        self._ground = ground
        self._world = world
        self._seed = world.seed
        self._companies = {company.name: company.index for company in world.companies}

    # -- who --------------------------------------------------------------------------------------------------------

    def businessunit(self, table: Table) -> None:
        self._ground.put(table, 0, {"name": "acme", "isdisabled": False}, MADE)

    def transactioncurrency(self, table: Table) -> None:
        for i, (name, code, symbol, rate) in enumerate((("US Dollar", "USD", "$", 1.0), ("Euro", "EUR", "€", EURO))):
            self._ground.put(
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

    def systemuser(self, table: Table) -> None:
        unit = self._ground.to("businessunitid", "businessunit", 0)
        for seller in self._world.sellers:
            self._ground.put(
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
        self._ground.put(
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

    def team(self, table: Table) -> None:
        for i, office in enumerate(sorted({seller.office for seller in self._world.sellers})):
            self._ground.put(
                table,
                i,
                {"name": office, "isdefault": i == 0, **self._ground.to("businessunitid", "businessunit", 0)},
                MADE,
            )

    def account(self, table: Table) -> None:
        for company in self._world.companies:
            i = company.index
            self._ground.put(
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
                    **self._ground.to("parentaccountid", "account", self._companies.get(company.parent or "")),
                    **self._ground.money(i),
                    "new_externalid": f"EXT-{i:04d}" if i % 3 else None,
                    "new_arr": float(mix(self._seed, 63, i) % 100_000) / 4,
                    "new_tier": pick((None, 100000000, 100000001), self._seed, 64, i),
                    "new_areas": pick((None, "1", "1,3"), self._seed, 65, i),
                    "new_signed": (EPOCH - timedelta(days=i * 5)).date().isoformat() if i % 2 else None,
                },
                company.created_at,
                1,
            )

    def contact(self, table: Table) -> None:
        for person in self._world.people:
            self._ground.put(
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
                    **self._ground.to("parentcustomerid", "account", person.company.index),
                },
                person.created_at,
                2,
            )

    def lead(self, table: Table) -> None:
        for i in range(LEADS):
            person = self._world.people[(i * 7) % len(self._world.people)]
            state = pick((0, 0, 1, 2), self._seed, 67, i)
            self._ground.put(
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
                        self._ground.to("qualifyingopportunityid", "opportunity", i)
                        | self._ground.to("parentaccountid", "account", person.company.index)
                        if state == 1
                        else {}
                    ),
                },
                person.created_at + timedelta(days=3),
                3,
            )

    # -- what is sold -----------------------------------------------------------------------------------------------

    def product(self, table: Table) -> None:
        for product in self._world.products:
            self._ground.put(
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
                    **self._ground.to("transactioncurrencyid", "transactioncurrency", 0),
                },
                MADE + timedelta(days=product.index),
            )

    def opportunity(self, table: Table) -> None:
        stages = {"Prospecting": 0, "Engaging": 2, "Won": 3, "Lost": 3}
        for deal in self._world.deals:
            won, lost = deal.stage == "Won", deal.stage == "Lost"
            stage = stages[deal.stage]
            company = None if deal.company is None else deal.company.index
            self._ground.put(
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
                    **self._ground.to("customerid", "account", company),
                    **self._ground.to("parentaccountid", "account", company),
                    **self._ground.to("ownerid", "systemuser", deal.seller.index),
                    **self._ground.money(deal.index),
                    "new_region": pick((None, "North", "South"), self._seed, 69, deal.index),
                },
                at(deal.created_on),
                4,
            )

    def opportunityproduct(self, table: Table) -> None:
        for deal in self._world.deals[:300]:
            if deal.product is not None:
                price = float(deal.amount if deal.amount is not None else deal.product.price)
                self._ground.put(
                    table,
                    deal.index,
                    {
                        **self._ground.to("opportunityid", "opportunity", deal.index),
                        **self._ground.to("productid", "product", deal.product.index),
                        "lineitemnumber": 1,
                        "quantity": 1.0,
                        "priceperunit": price,
                        "baseamount": price,
                        "extendedamount": price,
                        **self._ground.money(deal.index),
                    },
                    at(deal.created_on),
                    5,
                )

    def quote(self, table: Table) -> None:
        self._documents(
            table,
            "quote",
            {0: 1, 1: 3, 2: 4},
            lambda order: {"quotenumber": f"QUO-{order.number}", "effectiveto": order.required_on.isoformat()},
            QUOTES,
        )

    def salesorder(self, table: Table) -> None:
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

    def invoice(self, table: Table) -> None:
        self._documents(
            table,
            "invoice",
            {0: 4, 2: 100001, 3: 100003},
            lambda order: {
                "invoicenumber": f"INV-{order.number}",
                "duedate": (order.ordered_on + timedelta(days=30)).isoformat(),
                **self._ground.to("salesorderid", "salesorder", order.index),
            },
        )

    def _documents(
        self, table: Table, name: str, states: Mapping[int, int], own: Callable[[Any], Values], most: int | None = None
    ) -> None:
        for order in self._world.orders[: most or len(self._world.orders)]:
            state = pick(tuple(states), self._seed, 70, len(name), order.index)
            tax = round(float(order.total) * 0.1, 2)
            self._ground.put(
                table,
                order.index,
                {
                    "name": f"{order.company.name} {order.number}",
                    "totalamount": round(float(order.total) + tax, 2),
                    "totaltax": tax,
                    "freightamount": float(order.freight),
                    "statecode": state,
                    "statuscode": states[state],
                    **self._ground.to("customerid", "account", order.company.index),
                    **self._ground.to("ownerid", "systemuser", order.seller.index),
                    **self._ground.money(order.index),
                    **own(order),
                },
                at(order.ordered_on),
                6,
            )

    def quotedetail(self, table: Table) -> None:
        self._lines(table, "quote", QUOTES)

    def salesorderdetail(self, table: Table) -> None:
        self._lines(table, "salesorder", len(self._world.orders))

    def invoicedetail(self, table: Table) -> None:
        self._lines(table, "invoice", len(self._world.orders))

    def _lines(self, table: Table, document: str, most: int) -> None:
        i = 0
        for order in self._world.orders[:most]:
            for place, line in enumerate(order.lines, 1):
                amount = float(line.amount)
                self._ground.put(
                    table,
                    i,
                    {
                        **self._ground.to(f"{document}id", document, order.index),
                        **self._ground.to("productid", "product", line.product.index),
                        "lineitemnumber": place,
                        "quantity": float(line.quantity),
                        "priceperunit": float(line.unit_price),
                        "manualdiscountamount": round(float(line.unit_price) * line.quantity - amount, 2),
                        "baseamount": amount,
                        "extendedamount": amount,
                        "tax": 0.0,
                        "isproductoverridden": False,
                        **self._ground.money(order.index),
                    },
                    at(order.ordered_on),
                    7,
                )
                i += 1
