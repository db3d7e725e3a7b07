-- One row per person and company; the first one is the contact's account, too. Grain: contact_id:company_id. Joins: none.
-- custom: none
select
    'contacts' as from_entity,
    ref(contacts, src.contact_id) as from_id,
    'accounts' as to_entity,
    ref(accounts, src.company_id) as to_id,
    'related' as role,
    'vendor' as method,
    1 as confidence
from contact_companies as src
