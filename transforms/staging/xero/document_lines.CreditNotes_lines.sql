-- One row per line of a credit note. Grain: LineItemID. Joins: CreditNotes, for what amounts are;
-- Items, whose code the line names; Accounts likewise.
-- Currency: that of the document. Amounts that include tax lose it here.
select
    case document."Type" when 'ACCRECCREDIT' then 'invoices' when 'ACCPAYCREDIT' then 'bills' end as document_entity,
    case document."Type"
        when 'ACCRECCREDIT' then ref(invoices, "CreditNotes", src."CreditNoteID")
        when 'ACCPAYCREDIT' then ref(bills, "CreditNotes", src."CreditNoteID")
    end as document_id,
    src."Place" as line_no,
    ref(items, item._key) as item_id,
    ref(ledger_accounts, account._key) as ledger_account_id,
    src."Description" as description,
    src."Quantity" as quantity,
    src."UnitAmount" as unit_price,
    case document."LineAmountTypes"
        when 'Inclusive' then cast(src."LineAmount" as decimal(18, 4)) - coalesce(cast(src."TaxAmount" as decimal(18, 4)), 0)
        else to_decimal(src."LineAmount")
    end as amount,
    document."CurrencyCode" as currency,
    case document."LineAmountTypes"
        when 'Inclusive' then cast(src."LineAmount" as decimal(18, 4)) - coalesce(cast(src."TaxAmount" as decimal(18, 4)), 0)
        else cast(src."LineAmount" as decimal(18, 4))
    end / coalesce(nullif(cast(document."CurrencyRate" as decimal(18, 8)), 0), 1) as amount_base,
    case
        when json_text(src."Tracking", '$[0].TrackingOptionID') is not null
            then json_object(
                'tracking_1', json_text(src."Tracking", '$[0].TrackingOptionID'),
                'tracking_2', json_text(src."Tracking", '$[1].TrackingOptionID')
            )
    end as dimensions,
    document."UpdatedDateUTC" as source_updated_at
from "CreditNotes_lines" as src
left join "CreditNotes" as document on document._key = src."CreditNoteID"
left join "Items" as item on item."Code" = src."ItemCode"
left join "Accounts" as account on account."Code" = src."AccountCode"
