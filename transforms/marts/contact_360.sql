-- One row per person over all systems: who it is, where it works, its tickets, deals and last activity.
-- columns:
--   id: The person: group_id of contact_groups, the smallest of its contacts' ids.
--   name: Full name.
--   email: Main e-mail address.
--   phone: Main phone number.
--   title: Job title.
--   opted_out: True where the person refuses marketing e-mail in any system; NULL is not consent, only not known.
--   account_id: The company: id of account_360.
--   account_name: The company's name.
--   owner_id: The user responsible for the person.
--   owner_name: The user's name.
--   contacts: Ids of all contacts that are this person, as a JSON list.
--   deals: How many deals the person takes part in.
--   open_tickets: How many tickets that the person asked for are open or pending.
--   last_ticket_at: When the last of them was made, open or not.
--   last_activity_at: When the last call, e-mail, meeting or note with the person was.
--   last_activity: That activity's type and subject.
-- part: contact_groups.group_id
with chosen as (
    select g.group_id, c.*
    from contact_groups as g
    join contacts as c on c.id = g.id
    qualify row_number() over (partition by g.group_id order by c.owner_id is null, c.account_id is null, c.id) = 1
),
member as (
    select
        g.group_id,
        cast(to_json(list(g.id order by g.id)) as varchar) as contacts,
        bool_or(c.opted_out) as opted_out
    from contact_groups as g join contacts as c on c.id = g.id
    group by g.group_id
),
involved as (
    select g.group_id, d.id as deal_id
    from deals as d join contact_groups as g on g.id = d.contact_id
    where not d.is_deleted
    union
    select g.group_id, l.from_id as deal_id
    from links as l
    join contact_groups as g on g.id = l.to_id
    join deals as d on d.id = l.from_id
    where l.from_entity = 'deals' and l.to_entity = 'contacts' and not l.is_deleted and not d.is_deleted
),
deal as (select group_id, count(*) as deals from involved group by group_id),
ticket as (
    select
        g.group_id,
        count(*) filter (where t.status in ('open', 'pending')) as open_tickets,
        max(t.source_created_at) as last_ticket_at
    from tickets as t join contact_groups as g on g.id = t.requester_id
    where not t.is_deleted
    group by g.group_id
),
activity as (
    select
        g.group_id,
        max(coalesce(a.starts_at, a.completed_at)) as last_activity_at,
        arg_max(concat_ws(': ', a.type, a.subject), (coalesce(a.starts_at, a.completed_at), a.id)) as last_activity
    from links as l
    join contact_groups as g on g.id = l.to_id
    join activities as a on a.id = l.from_id
    where l.from_entity = 'activities' and l.to_entity = 'contacts' and not l.is_deleted and not a.is_deleted
        and coalesce(a.starts_at, a.completed_at) <= now()
    group by g.group_id
)
select
    chosen.group_id as id,
    chosen.name,
    chosen.email,
    chosen.phone,
    chosen.title,
    member.opted_out,
    company.group_id as account_id,
    account.name as account_name,
    chosen.owner_id,
    u.name as owner_name,
    member.contacts,
    coalesce(deal.deals, 0) as deals,
    coalesce(ticket.open_tickets, 0) as open_tickets,
    ticket.last_ticket_at,
    activity.last_activity_at,
    activity.last_activity
from chosen
join member on member.group_id = chosen.group_id
left join account_groups as company on company.id = chosen.account_id
left join accounts as account on account.id = chosen.account_id
left join users as u on u.id = chosen.owner_id
left join deal on deal.group_id = chosen.group_id
left join ticket on ticket.group_id = chosen.group_id
left join activity on activity.group_id = chosen.group_id;

with person as (
    select id from changed_contacts
    union
    select contact_id from changed_deals
    union
    select requester_id from changed_tickets
    union
    select to_id from changed_links where to_entity = 'contacts'
    union
    select l.to_id
    from links as l
    join (select id from changed_deals union select id from changed_activities) as c on c.id = l.from_id
    where l.to_entity = 'contacts'
    union
    select c.id
    from contacts as c
    join (select id from changed_accounts union select id from changed_account_groups) as a on a.id = c.account_id
    union
    select c.id from contacts as c join changed_users as u on u.id = c.owner_id
)
select group_id as id from changed_contact_groups
union
select g.group_id as id from contact_groups as g join person on person.id = g.id
