-- One row per product. Grain: Id. Joins: none. Prices are in price books, one product may have many.
select
    src."Name" as name,
    src."ProductCode" as sku,
    src."IsActive" as is_active,
    src."CreatedDate" as source_created_at
from "Product2" as src
