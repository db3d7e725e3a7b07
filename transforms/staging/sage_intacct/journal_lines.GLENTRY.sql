-- One row per line of a journal entry that somebody made in the general ledger. Grain: RECORDNO. Joins: GLBATCH, for number,
-- day and state, and for where it comes from: what documents book stands with the documents; CUSTOMER and VENDOR.
-- Currency: AMOUNT is in BASECURR, the book's. TR_TYPE 1 debits, -1 credits, whatever the sign of the amount.
select
    ref(journal_lines, src."BATCHNO") as journal_id,
    cast(entry."BATCHNO" as varchar) as number,
    coalesce(entry."BATCH_DATE", src."ENTRY_DATE") as posted_on,
    src."LINE_NO" as line_no,
    ref(ledger_accounts, "GLACCOUNT", src."ACCOUNTKEY") as ledger_account_id,
    case
        when customer._key is not null then ref(accounts, "CUSTOMER", customer._key)
        else ref(accounts, "VENDOR", vendor._key)
    end as account_id,
    case when cast(src."TR_TYPE" as varchar) = '1' then to_decimal(src."AMOUNT") end as debit,
    case when cast(src."TR_TYPE" as varchar) = '-1' then to_decimal(src."AMOUNT") end as credit,
    src."BASECURR" as currency,
    coalesce(src."DESCRIPTION", entry."BATCH_TITLE") as memo,
    case
        when entry."STATE" in ('Draft', 'Submitted', 'Partially Approved', 'Approved') then 'draft'
        when entry."STATE" in ('Posted', 'Reversal Pending', 'Reversed') then 'posted'
        when entry."STATE" = 'Declined' then 'void'
    end as status,
    entry."STATE" as source_status,
    case
        when coalesce(src."DEPARTMENT", src."LOCATION", src."CLASSID", src."PROJECTID") is not null
            then json_object(
                'department', src."DEPARTMENT",
                'location', src."LOCATION",
                'class', src."CLASSID",
                'project', src."PROJECTID"
            )
    end as dimensions
from "GLENTRY" as src
left join "GLBATCH" as entry on entry._key = src."BATCHNO"
left join "CUSTOMER" as customer on customer."CUSTOMERID" = src."CUSTOMERID"
left join "VENDOR" as vendor on vendor."VENDORID" = src."VENDORID"
where coalesce(entry."MODULE", '2.GL') = '2.GL'
