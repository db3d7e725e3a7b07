-- One row per stage. Grain: id. Joins: pipelines, for the name. Probability is a percentage.
-- A deal in a stage is never decided by that: won and lost are the deal's own status.
select
    pipeline.name as pipeline,
    src.name as name,
    src.order_nr as position,
    to_decimal(src.deal_probability) / 100 as probability,
    false as is_closed,
    false as is_won,
    src.add_time as source_created_at
from stages as src
left join pipelines as pipeline on pipeline._key = src.pipeline_id
