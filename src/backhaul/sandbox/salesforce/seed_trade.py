"""Products, prices, orders, subscriptions and cases, out of the world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from backhaul.sandbox.salesforce.ground import Ground, Made, Maker, moment
from backhaul.sandbox.salesforce.objects import PLANS
from backhaul.sandbox.salesforce.values import stamp
from backhaul.sandbox.world import EPOCH

CASES, SUBSCRIPTIONS = 80, 150


class Trade(Ground):
    """What customers buy, and complain about."""

    def makers(self) -> dict[str, Maker]:
        return {
            "Product2": self._products,
            "Pricebook2": self._pricebooks,
            "PricebookEntry": self._entries,
            "Order": self._orders,
            "OrderItem": self._items,
            "Subscription__c": self._subscriptions,
            "Case": self._cases,
            "CaseStatus": self._case_statuses,
            "CaseComment": self._comments,
            "Attachment": self._attachments,
        }

    def _products(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1300)
        families = {"GTX", "MG", "GTK"}
        for product in self.world.products:
            values = {
                "Name": product.name,
                "ProductCode": product.sku,
                "Description": f"{product.name} ({product.series})",
                "IsActive": not product.discontinued,
                "Family": product.series if product.series in families else "Food",
                "StockKeepingUnit": product.sku,
                "QuantityUnitOfMeasure": "Each",
                "IsArchived": False,
                "External_Id__c": product.sku,
            }
            yield values, at, self.changed(at, 100, product.index)

    def _pricebooks(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1300)
        yield {"Name": "Standard Price Book", "IsActive": True, "IsStandard": True}, at, at

    def _entries(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1299)
        for product in self.world.products:
            values = {
                "Name": product.name,
                "Pricebook2Id": self.id("Pricebook2", 0),
                "Product2Id": self.id("Product2", product.index),
                "ProductCode": product.sku,
                "UnitPrice": float(product.price),
                "IsActive": not product.discontinued,
                "UseStandardPrice": False,
            }
            yield values, at, at

    def _orders(self) -> Iterable[Made]:
        for i, order in enumerate(self.world.orders):
            at = moment(order.ordered_on, self.mix(110, i))
            company = self.companies[order.company.index]
            values = {
                "AccountId": self.id("Account", order.company.index),
                "OrderNumber": f"{i + 100:08d}",
                "EffectiveDate": order.ordered_on.isoformat(),
                "EndDate": order.required_on.isoformat(),
                "Status": "Activated" if order.shipped_on else "Draft",
                "StatusCode": "Activated" if order.shipped_on else "Draft",
                "Type": "New",
                "TotalAmount": float(order.total),
                "Pricebook2Id": self.id("Pricebook2", 0),
                "PoNumber": f"PO-{order.number}",
                "OwnerId": self.id("User", order.seller.index),
                "BillingStreet": company["BillingStreet"],
                "BillingCity": company["BillingCity"],
                "BillingCountry": company["BillingCountry"],
                "External_Id__c": f"ORD-{order.number}",
            }
            yield values, at, self.changed(at, 111, i)

    def _items(self) -> Iterable[Made]:
        number = 0
        for i, order in enumerate(self.world.orders):
            at = moment(order.ordered_on, self.mix(110, i))
            for line in order.lines:
                number += 1
                quantity = float(line.quantity)
                price = float(line.unit_price * (1 - line.discount))
                yield (
                    {
                        "OrderId": self.id("Order", i),
                        "Product2Id": self.id("Product2", line.product.index),
                        "PricebookEntryId": self.id("PricebookEntry", line.product.index),
                        "OrderItemNumber": f"{number:010d}",
                        "Quantity": quantity,
                        "UnitPrice": round(price, 2),
                        "ListPrice": float(line.unit_price),
                        "TotalPrice": float(line.amount),
                    },
                    at,
                    at,
                )

    def _subscriptions(self) -> Iterable[Made]:
        for i in range(SUBSCRIPTIONS * self.world.scale):
            company = self.world.companies[i % self.count]
            start = EPOCH.date() - timedelta(days=self.mix(90, i) % 1000)
            at = moment(start, self.mix(91, i) % 80_000)
            plan = self.mix(92, i) % len(PLANS)
            seats = 1 + self.mix(93, i) % 200
            values = {
                "Name": f"{company.name} {PLANS[plan]}"[:80],
                "Account__c": self.id("Account", company.index),
                "Plan__c": PLANS[plan],
                "MRR__c": round(seats * (9.5, 19.0, 29.9, 49.0)[plan], 2),
                "Start_Date__c": start.isoformat(),
                "Seats__c": float(seats),
                "Active__c": i % 8 != 7,
                "External_Id__c": f"SUB-{i + 1:06d}",
                "OwnerId": self.companies[company.index]["OwnerId"],
            }
            yield values, min(at, EPOCH), self.changed(min(at, EPOCH), 94, i)

    def _cases(self) -> Iterable[Made]:
        for i in range(CASES * self.world.scale):
            contact = self.mix(140, i) % len(self.world.people)
            at = EPOCH - timedelta(seconds=1 + self.mix(141, i) % (500 * 86400))
            closed = i % 3 != 0
            changed = self.changed(at, 142, i)
            values = {
                "CaseNumber": f"{i + 1001:08d}",
                "ContactId": self.id("Contact", contact),
                "AccountId": self.id("Account", contact % self.count),
                "Type": ("Electrical", "Mechanical", "Other")[i % 3],
                "Status": "Closed" if closed else ("New", "Working", "Escalated")[i // 3 % 3],
                "Origin": ("Phone", "Email", "Web")[i % 3],
                "Subject": f"{('Question about', 'Trouble with', 'Return of')[i % 3]} order {10248 + i}",
                "Priority": ("High", "Medium", "Low")[i % 3],
                "Description": "Seen by the customer.\nPlease call back.",
                "IsClosed": closed,
                "ClosedDate": stamp(changed) if closed else None,
                "IsEscalated": False,
                "OwnerId": self.owner(self.mix(143, i)),
            }
            yield values, at, changed

    def _case_statuses(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1500)
        for i, name in enumerate(("New", "Working", "Escalated", "Closed")):
            yield {"MasterLabel": name, "ApiName": name, "SortOrder": i + 1, "IsClosed": i == 3}, at, at

    def _comments(self) -> Iterable[Made]:
        """Two on every other case, the second for colleagues only."""
        for i, (case, at, changed) in enumerate(self._cases()):
            for place in range(2 if i % 2 == 0 else 0):
                said = min(at + timedelta(hours=1 + place), changed)
                body = ("We look into it.", "Third time this month.")[place]
                values = {"ParentId": self.id("Case", i), "CommentBody": f"{body} {case['Subject']}"}
                yield {**values, "IsPublished": place == 0}, said, said

    def _attachments(self) -> Iterable[Made]:
        """A photo on every tenth case, an offer on every twentieth opportunity."""
        parents = [("Case", i, "photo.jpg", "image/jpeg") for i in range(0, CASES * self.world.scale, 10)]
        parents += [("Opportunity", i, "offer.pdf", "application/pdf") for i in range(0, len(self.world.deals), 20)]
        at = EPOCH - timedelta(days=12)
        for parent, i, name, kind in parents:
            values = {"ParentId": self.id(parent, i), "Name": name, "ContentType": kind, "BodyLength": 2048 + i}
            yield {**values, "Body": "SGVsbG8=", "IsPrivate": False, "OwnerId": self.owner(i)}, at, at
