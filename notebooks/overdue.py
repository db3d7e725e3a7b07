# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""Across systems: which accounts with open tickets have overdue invoices, and who owns them."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="backhaul: open tickets, overdue invoices")


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
        customer.query("select 1")
    except BackhaulError as _error:
        mo.stop(True, mo.vstack([pick_customer, mo.callout(str(_error), kind="warn")]))
    # a row a company: the same one in CRM, ERP and support is one here
    companies = customer.query_arrow("""
        select id, name, domain, coalesce(owner_name, owner_id, '(nobody)') as owner, owner_email,
            open_tickets, urgent_tickets, overdue_invoices, coalesce(overdue_base, 0)::double as overdue,
            connections::varchar as known_to, last_activity_at
        from account_360 where overdue_invoices > 0 or open_tickets > 0
        order by overdue desc, open_tickets desc, name
    """)
    has = customer.query_arrow("""
        select (select count(*) from tickets) > 0 as tickets, (select count(*) from invoices) > 0 as invoices
    """).to_pylist()[0]
    return companies, customer, has


@app.cell
def _(has, mo):
    # a customer whose connections bring no tickets can still be asked about its invoices
    only_tickets = mo.ui.switch(value=has["tickets"], label="with open tickets")
    only_overdue = mo.ui.switch(value=has["invoices"], label="with overdue invoices")
    return only_overdue, only_tickets


@app.cell
def _(companies, only_overdue, only_tickets):
    found = [
        each
        for each in companies.to_pylist()
        if (each["open_tickets"] or not only_tickets.value) and (each["overdue_invoices"] or not only_overdue.value)
    ]
    return (found,)


@app.cell
def _(customer, found, has, mo, only_overdue, only_tickets, pick_customer):
    _lacking = [name for name in ("tickets", "invoices") if not has[name]]
    mo.vstack(
        [
            mo.hstack([mo.md(f"# Open tickets, overdue invoices: {customer.name}"), pick_customer], align="center"),
            mo.hstack([only_tickets, only_overdue], justify="start", gap=2, wrap=True),
            *(
                [mo.callout(f"No connection of {customer.name} brings {' or '.join(_lacking)}.", kind="info")]
                if _lacking
                else []
            ),
            mo.hstack(
                [
                    mo.stat(f"{len(found):,}", label="Companies"),
                    mo.stat(f"{len({each['owner'] for each in found}):,}", label="Owners"),
                    mo.stat(f"{sum(each['overdue'] for each in found):,.0f}", label="Overdue", caption="base currency"),
                    mo.stat(
                        f"{sum(each['open_tickets'] for each in found):,}",
                        label="Open tickets",
                        caption=f"{sum(each['urgent_tickets'] for each in found):,} urgent or high",
                    ),
                ],
                widths="equal",
                wrap=True,
            ),
        ]
    )
    return


@app.cell
def _(alt, found, mo):
    _by_owner: dict = {}
    for _each in found:
        _sum = _by_owner.setdefault(_each["owner"], {"owner": _each["owner"], "overdue": 0.0, "companies": 0})
        _sum["overdue"] += _each["overdue"]
        _sum["companies"] += 1
    _most = sorted(_by_owner.values(), key=lambda each: -each["overdue"])[:15]
    _chart = (
        alt.Chart(alt.Data(values=_most))
        .mark_bar()
        .encode(
            x=alt.X("overdue:Q", title="overdue, base currency"),
            y=alt.Y("owner:N", title=None, sort="-x", axis=alt.Axis(labelLimit=140)),
            tooltip=["owner:N", alt.Tooltip("overdue:Q", format=",.2f"), "companies:Q"],
        )
        .properties(width="container", height=alt.Step(20))
    )
    mo.vstack([mo.md("## Who owns them"), _chart]) if _most else mo.md("There is no such company.")
    return


@app.cell
def _(found, mo):
    table = mo.ui.table(
        [
            {
                "company": each["name"],
                "owner": each["owner"],
                "e-mail": each["owner_email"] or "",
                "tickets": each["open_tickets"],
                "urgent": each["urgent_tickets"],
                "invoices": each["overdue_invoices"],
                "overdue": each["overdue"],
                "known to": each["known_to"],
            }
            for each in found
        ],
        page_size=10,
        selection="single",
        initial_selection=[0] if found else None,
        format_mapping={"overdue": "{:,.2f}".format},
        label="Choose one to see its tickets and invoices",
    )
    table if found else mo.md("")
    return (table,)


@app.cell
def _(customer, found, mo, table):
    _chosen = table.value[0]["company"] if len(table.value) else None
    _company = next((each for each in found if each["name"] == _chosen), None)
    if _company is None:
        _shown = mo.md("")
    else:
        _id = _company["id"].replace("'", "''")
        _invoices = customer.query_arrow(f"""
            select i.number, i.due_date, i.balance::double as balance, i.currency, i.source, i.source_url
            from invoices as i join account_groups as g on g.id = i.account_id
            where g.group_id = '{_id}' and not i.is_deleted and i.status = 'open' and i.doc_type = 'standard'
                and i.due_date < current_date
            order by i.due_date
        """)
        _tickets = customer.query_arrow(f"""
            select t.subject, t.status, t.priority, t.source_created_at as made_at, t.source, t.source_url
            from tickets as t join account_groups as g on g.id = t.account_id
            where g.group_id = '{_id}' and not t.is_deleted and t.status in ('open', 'pending')
            order by t.source_created_at
        """)
        _shown = mo.vstack(
            [
                mo.md(f"## {_company['name']}"),
                *(
                    mo.ui.table(rows, selection=None, label=what) if rows.num_rows else mo.md(f"{what}: none")
                    for what, rows in (("Overdue invoices", _invoices), ("Open tickets", _tickets))
                ),
            ]
        )
    _shown
    return


if __name__ == "__main__":
    app.run()
