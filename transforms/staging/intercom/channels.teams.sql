-- One row per team: each has an inbox, which conversations are assigned to. Grain: id. Joins: none.
select
    src.name as name,
    'inbox' as type
from teams as src
