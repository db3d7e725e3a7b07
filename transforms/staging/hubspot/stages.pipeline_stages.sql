-- One row per stage of the deal pipelines; stages of tickets are no steps of a deal. Grain: object_type:pipeline_id:id.
-- Joins: pipelines, for the name. HubSpot writes the flags as text in metadata, and probability from 0 to 1.
select
    pipeline.label as pipeline,
    src.label as name,
    src."displayOrder" as position,
    to_decimal(json_text(src.metadata, 'probability')) as probability,
    json_text(src.metadata, 'isClosed') = 'true' as is_closed,
    json_text(src.metadata, 'isClosed') = 'true'
    and to_decimal(json_text(src.metadata, 'probability')) = 1 as is_won,
    src."createdAt" as source_created_at,
    src."updatedAt" as source_updated_at
from pipeline_stages as src
left join pipelines as pipeline on pipeline.id = src.pipeline_id and pipeline.object_type = src.object_type
where src.object_type = 'deals'
