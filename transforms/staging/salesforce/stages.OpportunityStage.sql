-- One row per stage, switched-off ones too: old deals stand in them. Grain: Id. Joins: none.
-- An org has one list of stages. DefaultProbability is a percentage.
select
    src."MasterLabel" as name,
    src."SortOrder" as position,
    to_decimal(src."DefaultProbability") / 100 as probability,
    src."IsClosed" as is_closed,
    src."IsWon" as is_won,
    src."CreatedDate" as source_created_at
from "OpportunityStage" as src
