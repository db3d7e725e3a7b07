-- One row per line of a journal entry. Grain: Document:Id. Joins: JournalEntry, for number, day and currency.
-- Currency: amounts are in that of the entry; ExchangeRate turns them into the home currency, which nothing here names:
-- currency stays NULL where the entry has a rate other than 1.
select
    ref(journal_lines, src."Document") as journal_id,
    entry."DocNumber" as number,
    entry."TxnDate" as posted_on,
    src."LineNum" as line_no,
    ref(ledger_accounts, json_text(src."JournalEntryLineDetail", 'AccountRef.value')) as ledger_account_id,
    case json_text(src."JournalEntryLineDetail", 'Entity.Type')
        when 'Customer' then ref(accounts, "Customer", json_text(src."JournalEntryLineDetail", 'Entity.EntityRef.value'))
        when 'Vendor' then ref(accounts, "Vendor", json_text(src."JournalEntryLineDetail", 'Entity.EntityRef.value'))
    end as account_id,
    case json_text(src."JournalEntryLineDetail", 'PostingType')
        when 'Debit'
            then cast(src."Amount" as decimal(18, 4)) * coalesce(cast(entry."ExchangeRate" as decimal(18, 8)), 1)
    end as debit,
    case json_text(src."JournalEntryLineDetail", 'PostingType')
        when 'Credit'
            then cast(src."Amount" as decimal(18, 4)) * coalesce(cast(entry."ExchangeRate" as decimal(18, 8)), 1)
    end as credit,
    case
        when coalesce(to_decimal(entry."ExchangeRate"), 1) = 1 then json_text(entry."CurrencyRef", 'value')
    end as currency,
    coalesce(src."Description", entry."PrivateNote") as memo,
    'posted' as status,
    case
        when coalesce(json_text(src."JournalEntryLineDetail", 'DepartmentRef.value'), json_text(src."JournalEntryLineDetail", 'ClassRef.value')) is not null
            then json_object('department', json_text(src."JournalEntryLineDetail", 'DepartmentRef.value'), 'class', json_text(src."JournalEntryLineDetail", 'ClassRef.value'))
    end as dimensions,
    entry."LastUpdatedTime" as source_updated_at
from "JournalEntry_lines" as src
left join "JournalEntry" as entry on entry._key = src."Document"
where src."DetailType" = 'JournalEntryLineDetail'
