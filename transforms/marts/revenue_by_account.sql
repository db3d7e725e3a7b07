-- What each company was billed, by currency: one row per company and currency. Drafts and void documents do not count,
-- credits are taken away.
-- columns:
--   id: The company's group_id and the currency.
--   account_id: The company: group_id of account_groups.
--   currency: ISO 4217 code of the amounts; empty where the system told none.
--   invoices: How many invoices, credits left aside.
--   invoiced: Invoices less credits, tax included, in currency.
--   invoiced_base: The same in the base currency of the system that billed; sum this one across currencies.
--   open: What is still to pay of it, less credits not used.
--   open_base: The same in the base currency.
--   overdue: The part of open that was due before today.
--   overdue_base: The same in the base currency.
--   first_invoice_on: Day of the first invoice.
--   last_invoice_on: Day of the last invoice.
select
    g.group_id || ':' || coalesce(i.currency, '') as id,
    g.group_id as account_id,
    coalesce(i.currency, '') as currency,
    count(*) filter (where i.doc_type = 'standard') as invoices,
    sum(case when i.doc_type = 'credit' then -i.total else i.total end) as invoiced,
    sum(case when i.doc_type = 'credit' then -i.total_base else i.total_base end) as invoiced_base,
    coalesce(
        sum(case when i.doc_type = 'credit' then -i.balance else i.balance end) filter (where i.status = 'open'), 0
    ) as open,
    coalesce(
        sum(case when i.doc_type = 'credit' then -i.balance_base else i.balance_base end)
        filter (where i.status = 'open'), 0
    ) as open_base,
    coalesce(
        sum(i.balance)
        filter (where i.status = 'open' and i.doc_type = 'standard' and i.due_date < current_date), 0
    ) as overdue,
    coalesce(
        sum(i.balance_base)
        filter (where i.status = 'open' and i.doc_type = 'standard' and i.due_date < current_date), 0
    ) as overdue_base,
    min(i.issue_date) filter (where i.doc_type = 'standard') as first_invoice_on,
    max(i.issue_date) filter (where i.doc_type = 'standard') as last_invoice_on
from invoices as i
join account_groups as g on g.id = i.account_id
where not i.is_deleted and i.status in ('open', 'paid')
group by g.group_id, coalesce(i.currency, '')
