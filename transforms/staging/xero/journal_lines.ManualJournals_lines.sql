-- One row per line of a manual journal. Grain: ManualJournalID:Place. Joins: ManualJournals, for day and state; Accounts,
-- whose code the line names. The ledger (Journals) has these and all that documents book, and is left out.
-- Currency: the organisation's base currency, which the record does not name.
select
    ref(journal_lines, src."ManualJournalID") as journal_id,
    entry."Date" as posted_on,
    src."Place" as line_no,
    ref(ledger_accounts, account._key) as ledger_account_id,
    case when to_decimal(src."LineAmount") >= 0 then to_decimal(src."LineAmount") end as debit,
    case when to_decimal(src."LineAmount") < 0 then -to_decimal(src."LineAmount") end as credit,
    coalesce(src."Description", entry."Narration") as memo,
    case entry."Status"
        when 'DRAFT' then 'draft'
        when 'POSTED' then 'posted'
        when 'ARCHIVED' then 'posted'
        when 'VOIDED' then 'void'
        when 'DELETED' then 'void'
    end as status,
    entry."Status" as source_status,
    case
        when json_text(src."Tracking", '$[0].TrackingOptionID') is not null
            then json_object(
                'tracking_1', json_text(src."Tracking", '$[0].TrackingOptionID'),
                'tracking_2', json_text(src."Tracking", '$[1].TrackingOptionID')
            )
    end as dimensions,
    entry."UpdatedDateUTC" as source_updated_at
from "ManualJournals_lines" as src
left join "ManualJournals" as entry on entry._key = src."ManualJournalID"
left join "Accounts" as account on account."Code" = src."AccountCode"
