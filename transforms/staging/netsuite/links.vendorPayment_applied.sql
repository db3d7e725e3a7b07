-- One row per document that a vendor payment is applied to, with the part of it that pays. Grain: previousdoc:
-- previousline:nextdoc:nextline:linktype. Joins: vendorBill for the currency's id, currency for the ISO code.
-- The payment follows (nextdoc) from what it pays (previousdoc); other kinds of document are left out.
-- Currency: foreignamount is in the document's own currency.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, vendorPayment, src.nextdoc) as from_id,
    'bills' as to_entity,
    ref(bills, vendorBill, src.previousdoc) as to_id,
    'allocation' as role,
    abs(to_decimal(src.foreignamount)) as amount,
    money.symbol as currency,
    'vendor' as method,
    1 as confidence
from "vendorPayment_applied" as src
left join "vendorBill" as document on document._key = src.previousdoc
left join currency as money on money._key = document.currency
where src.previoustype = 'VendBill'
