-- One row per comment or work note of an incident or a case. Grain: sys_id. Joins: sys_user, by the name that the author
-- signs in with; its class says whether that is a user or a contact. Whoever is not known is neither.
-- custom: none
select
    case src.name
        when 'incident' then ref(conversations, incident, src.element_id)
        else ref(conversations, sn_customerservice_case, src.element_id)
    end as conversation_id,
    ref(users, case when coalesce(author.sys_class_name, 'sys_user') <> 'customer_contact' then author._key end)
        as author_user_id,
    ref(contacts, case when author.sys_class_name = 'customer_contact' then author._key end) as author_contact_id,
    src.value as body,
    coalesce(src.element, '') = 'work_notes' as is_private,
    src.sys_created_on as sent_at,
    src.sys_created_on as source_created_at
from sys_journal_field as src
left join sys_user as author on author.user_name = src.sys_created_by
where src.name in ('incident', 'sn_customerservice_case')
    and src.element in ('comments', 'work_notes')
