-- One row per posting of a journal entry in the primary book (accountingbook 1): further books repeat every line.
-- Grain: transaction:transactionline:accountingbook. Joins: journalEntry for number, day and status; journalEntry_lines
-- for memo, dimensions and whom it concerns; customer and vendor, because that may be either; subsidiary and currency.
-- Currency: debit and credit are in the subsidiary's, whatever currency the entry was typed in.
-- status: letters, which some answers give after the type, as in Journal:B. A pending approval, B approved, V voided.
select
    ref(journal_lines, src.transaction) as journal_id,
    entry.tranid as number,
    entry.trandate as posted_on,
    line.linesequencenumber as line_no,
    ref(ledger_accounts, src.account) as ledger_account_id,
    coalesce(ref(accounts, customer, buyer._key), ref(accounts, vendor, seller._key)) as account_id,
    src.debit as debit,
    src.credit as credit,
    money.symbol as currency,
    coalesce(line.memo, entry.memo) as memo,
    case
        when to_boolean(entry.voided) then 'void'
        when right(entry.status, 1) = 'A' then 'draft'
        when right(entry.status, 1) = 'B' then 'posted'
        when right(entry.status, 1) = 'V' then 'void'
    end as status,
    entry.status as source_status,
    case
        when coalesce(line.subsidiary, line.department, line."class", line.location) is not null
            then json_object(
                'subsidiary', line.subsidiary,
                'department', line.department,
                'class', line."class",
                'location', line.location
            )
    end as dimensions,
    line.linelastmodifieddate as source_updated_at
from "journalEntry_postings" as src
left join "journalEntry" as entry on entry._key = src.transaction
left join "journalEntry_lines" as line on line._key = src.transaction || ':' || src.transactionline
left join customer as buyer on buyer._key = line.entity
left join vendor as seller on seller._key = line.entity
left join subsidiary as place on place._key = coalesce(line.subsidiary, entry.subsidiary)
left join currency as money on money._key = place.currency
where coalesce(src.accountingbook, '1') = '1'
