-- One row per company over all systems: who it is, who owns it, its deals, invoices, tickets and last activities.
-- The name and owner are those of the record in the system that has deals, where there is one.
-- columns:
--   id: The company: group_id of account_groups, the smallest of its accounts' ids.
--   account_id: The record that name, domain, kind and owner come from.
--   name: Name of the company.
--   domain: Its internet domain.
--   kind: What it is: customer, vendor, both or prospect.
--   owner_id: The user responsible.
--   owner_name: The user's name.
--   owner_email: The user's e-mail address.
--   accounts: Ids of all its accounts as a JSON list.
--   connections: The connections that know it, sorted.
--   contacts: How many persons it has, each counted once over all systems.
--   open_deals: How many deals are open.
--   open_amounts: What they are worth, a JSON list of currency and amount.
--   won_deals: How many deals were won.
--   next_close_date: The first day on which an open deal should close.
--   invoices: How many invoices it was sent.
--   invoiced_base: Invoices less credits in the billing system's base currency.
--   open_invoices: How many invoices are open.
--   overdue_invoices: How many of them were due before today.
--   balances: What it owes, a JSON list of currency, open and overdue.
--   open_base: What it owes, in the billing system's base currency.
--   overdue_base: The part of it that was due before today.
--   last_invoice_on: Day of the last invoice.
--   open_tickets: How many tickets are open or pending.
--   urgent_tickets: How many of them have priority high or urgent.
--   last_ticket_at: When the last ticket was made, open or not.
--   last_activity_at: When the last call, e-mail, meeting or note with it or its persons was.
--   last_activity: That activity's type and subject.
--   last_message_at: When the last message of a conversation with it was sent.
with seller as (
    select distinct connection_id from deals
),
chosen as (
    select g.group_id, a.id, a.name, a.domain, a.kind, a.owner_id
    from account_groups as g
    join accounts as a on a.id = g.id
    left join seller on seller.connection_id = a.connection_id
    qualify row_number() over (
        partition by g.group_id order by seller.connection_id is null, a.owner_id is null, a.id
    ) = 1
),
member as (
    select g.group_id, cast(to_json(list(g.id order by g.id)) as varchar) as accounts, any_value(g.connections) as connections
    from account_groups as g group by g.group_id
),
person as (
    select g.group_id, count(distinct p.group_id) as contacts
    from contacts as c
    join account_groups as g on g.id = c.account_id
    join contact_groups as p on p.id = c.id
    group by g.group_id
),
deal_currency as (
    select g.group_id, coalesce(d.currency, '') as currency, sum(d.amount) as amount
    from deals as d join account_groups as g on g.id = d.account_id
    where not d.is_deleted and d.status = 'open' and d.amount is not null
    group by g.group_id, coalesce(d.currency, '')
),
deal_amount as (
    select group_id, cast(to_json(list({'currency': currency, 'amount': amount} order by currency)) as varchar) as amounts
    from deal_currency group by group_id
),
deal as (
    select
        g.group_id,
        count(*) filter (where d.status = 'open') as open_deals,
        count(*) filter (where d.status = 'won') as won_deals,
        min(d.close_date) filter (where d.status = 'open') as next_close_date
    from deals as d join account_groups as g on g.id = d.account_id
    where not d.is_deleted
    group by g.group_id
),
invoice as (
    select
        g.group_id,
        count(*) filter (where i.doc_type = 'standard') as invoices,
        count(*) filter (where i.doc_type = 'standard' and i.status = 'open') as open_invoices,
        count(*) filter (
            where i.doc_type = 'standard' and i.status = 'open' and i.due_date < current_date
        ) as overdue_invoices
    from invoices as i join account_groups as g on g.id = i.account_id
    where not i.is_deleted and i.status in ('open', 'paid')
    group by g.group_id
),
revenue as (
    select
        account_id as group_id,
        sum(invoiced_base) as invoiced_base,
        sum(open_base) as open_base,
        sum(overdue_base) as overdue_base,
        max(last_invoice_on) as last_invoice_on,
        cast(to_json(
            list({'currency': currency, 'open': open, 'overdue': overdue} order by currency) filter (where open <> 0)
        ) as varchar) as balances
    from revenue_by_account group by account_id
),
ticket as (
    select
        g.group_id,
        count(*) filter (where t.status in ('open', 'pending')) as open_tickets,
        count(*) filter (where t.status in ('open', 'pending') and t.priority in ('high', 'urgent')) as urgent_tickets,
        max(t.source_created_at) as last_ticket_at
    from tickets as t join account_groups as g on g.id = t.account_id
    where not t.is_deleted
    group by g.group_id
),
touched as (
    select l.from_id as activity_id, g.group_id
    from links as l join account_groups as g on g.id = l.to_id
    where l.from_entity = 'activities' and l.to_entity = 'accounts' and not l.is_deleted
    union
    select l.from_id as activity_id, g.group_id
    from links as l
    join contacts as c on c.id = l.to_id
    join account_groups as g on g.id = c.account_id
    where l.from_entity = 'activities' and l.to_entity = 'contacts' and not l.is_deleted
),
activity as (
    select
        t.group_id,
        max(coalesce(a.starts_at, a.completed_at)) as last_activity_at,
        arg_max(concat_ws(': ', a.type, a.subject), (coalesce(a.starts_at, a.completed_at), a.id)) as last_activity
    from touched as t join activities as a on a.id = t.activity_id
    where not a.is_deleted and coalesce(a.starts_at, a.completed_at) <= now()
    group by t.group_id
),
message as (
    select g.group_id, max(coalesce(m.sent_at, c.last_message_at)) as last_message_at
    from conversations as c
    join account_groups as g on g.id = c.account_id
    left join messages as m on m.conversation_id = c.id and not m.is_deleted
    where not c.is_deleted
    group by g.group_id
)
select
    chosen.group_id as id,
    chosen.id as account_id,
    chosen.name,
    chosen.domain,
    chosen.kind,
    chosen.owner_id,
    u.name as owner_name,
    u.email as owner_email,
    member.accounts,
    member.connections,
    coalesce(person.contacts, 0) as contacts,
    coalesce(deal.open_deals, 0) as open_deals,
    deal_amount.amounts as open_amounts,
    coalesce(deal.won_deals, 0) as won_deals,
    deal.next_close_date,
    coalesce(invoice.invoices, 0) as invoices,
    revenue.invoiced_base,
    coalesce(invoice.open_invoices, 0) as open_invoices,
    coalesce(invoice.overdue_invoices, 0) as overdue_invoices,
    revenue.balances,
    revenue.open_base,
    revenue.overdue_base,
    revenue.last_invoice_on,
    coalesce(ticket.open_tickets, 0) as open_tickets,
    coalesce(ticket.urgent_tickets, 0) as urgent_tickets,
    ticket.last_ticket_at,
    activity.last_activity_at,
    activity.last_activity,
    message.last_message_at
from chosen
join member on member.group_id = chosen.group_id
left join users as u on u.id = chosen.owner_id
left join person on person.group_id = chosen.group_id
left join deal on deal.group_id = chosen.group_id
left join deal_amount on deal_amount.group_id = chosen.group_id
left join invoice on invoice.group_id = chosen.group_id
left join revenue on revenue.group_id = chosen.group_id
left join ticket on ticket.group_id = chosen.group_id
left join activity on activity.group_id = chosen.group_id
left join message on message.group_id = chosen.group_id
