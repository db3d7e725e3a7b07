-- One row per value of an opportunity's sales stage. Grain: stringmapid. Joins: none.
-- A deal in a stage is never decided by that: open, won and lost are its own state.
select
    src.value as name,
    src.displayorder as position,
    false as is_closed,
    false as is_won
from stringmap as src
where src.objecttypecode = 'opportunity' and src.attributename = 'salesstage'
