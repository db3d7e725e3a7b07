# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""What a customer has: its entities, how well each column is filled, rows, and a place for SQL."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="backhaul: explore a customer")


@app.cell
def _():
    import altair as alt
    import marimo as mo

    from backhaul import BackhaulError, Project

    return BackhaulError, Project, alt, mo


@app.cell
def _(Project, mo):
    _given = mo.cli_args()
    project = Project(_given.get("project") or ".")
    customers = [each.name for each in project.customers()]
    pick_customer = mo.ui.dropdown(customers, value=_given.get("customer") or customers[0], label="Customer")
    return pick_customer, project


@app.cell
def _(BackhaulError, mo, pick_customer, project):
    customer = project.customer(pick_customer.value)
    try:
        published = customer.query("select 1")
    except BackhaulError as _error:
        mo.stop(True, mo.vstack([pick_customer, mo.callout(str(_error), kind="warn")]))

    def ask(sql, *, raw=False):
        """The rows of a select on the published snapshot, as an Arrow table."""
        return customer.query_arrow(sql, raw=raw)

    def quoted(name):
        return '"' + name.replace('"', '""') + '"'

    return ask, customer, published, quoted


@app.cell
def _(ask, quoted):
    _tables = ask("""
        select t.table_name as entity, t.comment as description, count(*) as columns,
            count(*) filter (where c.column_name in ('connection_id', 'is_deleted')) = 2 as is_entity
        from duckdb_tables() as t join duckdb_columns() as c using (table_name)
        where not starts_with(t.table_name, '_') group by all order by 1
    """).to_pylist()
    described = {each["entity"]: each["description"] or "" for each in _tables}
    # entities have a connection a row; marts stand over all of them
    _counts = [
        f"select '{each['entity']}' as entity, "
        + ("connection_id, count(*) filter (where is_deleted)" if each["is_entity"] else "'marts', 0")
        + f", count(*) from {quoted(each['entity'])} group by all"
        for each in _tables
    ]
    _all = " union all ".join(_counts)
    counted = ask(f"""
        select entity, if(starts_with(connection, '_'), 'derived', connection) as connection, deleted, rows
        from ({_all}) as t(entity, connection, deleted, rows)
    """)
    filled = sorted({each["entity"] for each in counted.to_pylist() if each["rows"]})
    return counted, described, filled


@app.cell
def _(counted, customer, filled, mo, pick_customer, published):
    _rows = counted.to_pylist()
    _connections = sorted({each["connection"] for each in _rows} - {"marts", "derived"})
    _as_of = [moment for objects in published.as_of.values() for moment in objects.values()]
    mo.vstack(
        [
            mo.hstack([mo.md(f"# {customer.name}"), pick_customer], align="center"),
            mo.hstack(
                [
                    mo.stat(
                        f"v{published.version}",
                        label="Snapshot",
                        caption=f"{published.published_at:%Y-%m-%d %H:%M} UTC",
                    ),
                    mo.stat(
                        f"{sum(each['rows'] for each in _rows if each['connection'] != 'marts'):,}",
                        label="Records",
                        caption=f"in {len(filled)} tables",
                    ),
                    mo.stat(f"{len(_connections)}", label="Connections", caption=", ".join(_connections)),
                    mo.stat(
                        f"{min(_as_of):%Y-%m-%d %H:%M}" if _as_of else "unknown",
                        label="Complete up to",
                        caption="UTC; the object that is furthest behind",
                    ),
                ],
                widths="equal",
                wrap=True,
            ),
        ]
    )
    return


@app.cell
def _(alt, counted, mo):
    _chart = (
        alt.Chart(counted)
        .transform_filter("datum.rows > 0")
        .mark_bar()
        .encode(
            x=alt.X("sum(rows):Q", title="rows"),
            y=alt.Y("entity:N", title=None, sort="-x"),
            color=alt.Color("connection:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=["entity:N", "connection:N", "rows:Q", "deleted:Q"],
        )
        .properties(width="container", height=alt.Step(18))
    )
    mo.vstack([mo.md("## What there is"), _chart])
    return


@app.cell
def _(filled, mo):
    pick_entity = mo.ui.dropdown(filled, value="accounts" if "accounts" in filled else filled[0], label="Entity")
    return (pick_entity,)


@app.cell
def _(ask, described, mo, pick_entity, quoted):
    _name = pick_entity.value
    columns = ask(f"""
        select column_name as name, data_type as type, comment as description from duckdb_columns()
        where table_name = '{_name}' order by column_index
    """).to_pylist()
    _asked = ", ".join(
        f"count({quoted(c['name'])}), approx_count_distinct({quoted(c['name'])}),"
        f" left(any_value({quoted(c['name'])})::varchar, 60)"
        for c in columns
    )
    _found = list(ask(f"select count(*), {_asked} from {quoted(_name)}").to_pylist()[0].values())
    _total = _found.pop(0)
    profile = [
        {
            "column": column["name"],
            "type": column["type"],
            "filled": round(_found[3 * n] / _total, 3) if _total else 0.0,
            "distinct": min(_found[3 * n + 1], _found[3 * n]),  # the first is an estimate
            "example": _found[3 * n + 2] or "",
            "description": column["description"] or "",
        }
        for n, column in enumerate(columns)
    ]
    mo.vstack(
        [
            mo.hstack([mo.md(f"## {_name}"), pick_entity], align="center"),
            mo.md(described[_name]),
            mo.ui.table(
                profile,
                page_size=12,
                selection=None,
                format_mapping={"filled": "{:.0%}".format},
                wrapped_columns=["description"],
                label="How well each column is filled",
            ),
        ]
    )
    return columns, profile


@app.cell
def _(mo, profile):
    _few = [each["column"] for each in profile if each["filled"] and 1 < each["distinct"] <= 200]
    _first = next((name for name in ("status", "type", "industry", "kind", "role") if name in _few), None)
    pick_column = mo.ui.dropdown(_few, value=_first or (_few[0] if _few else None), label="Values of")
    return (pick_column,)


@app.cell
def _(alt, ask, columns, mo, pick_column, pick_entity, quoted):
    _charts = []
    _entity = quoted(pick_entity.value)
    if pick_column.value:
        _values = ask(f"""
            select coalesce({quoted(pick_column.value)}::varchar, '(none)') as value, count(*) as rows
            from {_entity} group by all order by rows desc, value limit 12
        """)
        _charts.append(
            alt.Chart(_values)
            .mark_bar()
            .encode(
                x=alt.X("rows:Q", title="rows"),
                y=alt.Y("value:N", title=None, sort="-x", axis=alt.Axis(labelLimit=160)),
                tooltip=["value:N", "rows:Q"],
            )
            .properties(width="container", height=alt.Step(20), title=pick_column.value)
        )
    if any(each["name"] == "source_created_at" for each in columns):
        _made = ask(f"""
            select date_trunc('month', source_created_at)::date as month, connection_id as connection, count(*) as rows
            from {_entity} where source_created_at is not null group by all order by all
        """)
        if _made.num_rows:
            _charts.append(
                alt.Chart(_made)
                .mark_bar()
                .encode(
                    x=alt.X("yearmonth(month):T", title=None),
                    y=alt.Y("sum(rows):Q", title="rows"),
                    color=alt.Color("connection:N", title=None, legend=alt.Legend(orient="top")),
                    tooltip=["yearmonth(month):T", "connection:N", "sum(rows):Q"],
                )
                .properties(width="container", height=260, title="made at the vendor, by month")
            )
    mo.vstack([pick_column, *[mo.ui.altair_chart(c, chart_selection=False, legend_selection=False) for c in _charts]])
    return


@app.cell
def _(ask, mo, pick_entity, quoted):
    mo.ui.table(
        ask(f"select * from {quoted(pick_entity.value)} limit 1000"),
        page_size=10,
        selection=None,
        label="The first 1,000 rows",
    )
    return


@app.cell
def _(mo, pick_entity, quoted):
    sql = mo.ui.code_editor(f"select * from {quoted(pick_entity.value)} limit 20", language="sql", min_height=80).form(
        submit_button_label="Run"
    )
    mo.vstack([mo.md("## Ask\nOne select on the snapshot; nothing typed here can change it."), sql])
    return (sql,)


@app.cell
def _(BackhaulError, ask, mo, sql):
    try:
        _answer = mo.ui.table(ask(sql.value), page_size=20, selection=None) if sql.value else mo.md("")
    except BackhaulError as error:
        _answer = mo.callout(str(error), kind="warn")
    _answer
    return


if __name__ == "__main__":
    app.run()
