-- Companies that wait for help: one row per company with tickets that are open or pending.
-- columns:
--   id: The company: group_id of account_groups.
--   name: Its name in the system of that id.
--   open: Tickets that wait for us.
--   pending: Tickets that wait for the requester or a third party.
--   urgent: Open or pending ones of priority high or urgent.
--   oldest_at: When the oldest of them was made.
--   newest_at: When the newest of them was made.
--   assignees: Names of the users who work on them, sorted.
--   tickets: Ids of the tickets as a JSON list, oldest first.
select
    g.group_id as id,
    any_value(a.name) as name,
    count(*) filter (where t.status = 'open') as open,
    count(*) filter (where t.status = 'pending') as pending,
    count(*) filter (where t.priority in ('high', 'urgent')) as urgent,
    min(t.source_created_at) as oldest_at,
    max(t.source_created_at) as newest_at,
    string_agg(distinct u.name, ', ' order by u.name) as assignees,
    cast(to_json(list(t.id order by t.source_created_at, t.id)) as varchar) as tickets
from tickets as t
join account_groups as g on g.id = t.account_id
join accounts as a on a.id = g.group_id
left join users as u on u.id = t.assignee_id
where not t.is_deleted and t.status in ('open', 'pending')
group by g.group_id
