-- One row per comment on a case. Grain: Id. Joins: User, because contacts of a portal write under users of their own:
-- such a user names its contact. A comment that is not published stays inside.
select
    ref(conversations, src."ParentId") as conversation_id,
    ref(users, case when author."ContactId" is null then src."CreatedById" end) as author_user_id,
    ref(contacts, author."ContactId") as author_contact_id,
    src."CommentBody" as body,
    not coalesce(to_boolean(src."IsPublished"), false) as is_private,
    src."CreatedDate" as sent_at,
    src."CreatedDate" as source_created_at
from "CaseComment" as src
left join "User" as author on author."Id" = src."CreatedById"
