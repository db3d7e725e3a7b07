# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""How pipelines are doing: connections, runs, requests, how fresh the data is, what changed, what did not fit."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="backhaul: pipeline health")


@app.cell
def _():
    from datetime import UTC, datetime, timedelta

    import altair as alt
    import marimo as mo

    from backhaul import BackhaulError, Project

    return BackhaulError, Project, UTC, alt, datetime, mo, timedelta


@app.cell
def _(Project, mo):
    _given = mo.cli_args()
    project = Project(_given.get("project") or ".")
    _all = [each.name for each in project.customers()]
    pick = mo.ui.multiselect(_all, value=[_given["customer"]] if _given.get("customer") else _all, label="Customers")
    return pick, project


@app.cell
def _(BackhaulError, pick, project):
    customers = list(pick.value)
    connections = project.status(customers) if customers else []
    runs = [run for run in project.runs(limit=1000) if run.customer in customers]
    usage = [day for day in project.usage() if day.customer in customers]
    snapshots = {}
    for _name in customers:
        try:
            snapshots[_name] = project.customer(_name).query("select 1")
        except BackhaulError:  # nothing of it is published yet
            continue
    return connections, runs, snapshots, usage


@app.cell
def _(UTC, connections, datetime, mo, pick, runs):
    _now = datetime.now(UTC)
    _sick = [each for each in connections if each.state in ("needs_reauth", "broken")]
    _last = max((run.started_at for run in runs), default=None)
    _bad = [run for run in runs if run.status in ("failed", "partial", "interrupted")]
    mo.vstack(
        [
            mo.hstack([mo.md("# Pipeline health"), pick], align="center"),
            mo.hstack(
                [
                    mo.stat(
                        f"{len(connections) - len(_sick)} of {len(connections)}",
                        label="Connections in order",
                        caption=", ".join(f"{each.customer} {each.connection}: {each.state}" for each in _sick)
                        or "none needs a person",
                    ),
                    mo.stat(
                        f"{_last:%Y-%m-%d %H:%M}" if _last else "never",
                        label="Last run",
                        caption="UTC",
                    ),
                    mo.stat(
                        f"{len(_bad)} of {len(runs)}", label="Runs with failures", caption=f"the last {len(runs)} runs"
                    ),
                    mo.stat(
                        f"{sum(each.rejects for each in connections):,}",
                        label="Values that did not fit",
                        caption="in the last runs",
                    ),
                ],
                widths="equal",
                wrap=True,
            ),
        ]
    )
    return


@app.cell
def _(connections, mo):
    def _spelt(moment):
        return f"{moment:%Y-%m-%d %H:%M}" if moment else ""

    mo.ui.table(
        [
            {
                "customer": each.customer,
                "connection": each.connection,
                "source": each.source,
                "state": each.state,
                "last run": _spelt(each.last_run),
                "complete up to": _spelt(each.data_as_of),
                "rows": each.rows,
                "requests today": each.requests_today,
                "rejects": each.rejects,
                "dead letters": each.dead_letters,
                "next": _spelt(each.next_due),
                "why": each.reason or each.last_error,
            }
            for each in connections
        ],
        selection=None,
        label="Connections; times are UTC",
    )
    return


@app.cell
def _(alt, mo, runs):
    _done = [
        {
            "started": run.started_at.isoformat(),
            "seconds": (run.finished_at - run.started_at).total_seconds(),
            "customer": run.customer,
            "kind": run.kind,
            "ended": run.status,
            "error": run.error or "",
        }
        for run in runs
        if run.finished_at is not None
    ]
    _chart = (
        alt.Chart(alt.Data(values=_done))
        .mark_circle(size=90, opacity=0.8)
        .encode(
            x=alt.X("started:T", title=None, scale=alt.Scale(padding=16)),
            y=alt.Y("seconds:Q", title="seconds"),
            color=alt.Color(
                "ended:N",
                title=None,
                scale=alt.Scale(
                    domain=["done", "partial", "failed", "interrupted"],
                    range=["#2a9d6f", "#e0a030", "#d1495b", "#8d6fb8"],
                ),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["customer:N", "kind:N", "ended:N", "started:T", "seconds:Q", "error:N"],
        )
        .properties(width="container", height=240)
    )
    mo.vstack([mo.md("## Runs"), _chart if _done else mo.md("Nothing ran yet.")])
    return


@app.cell
def _(UTC, alt, datetime, mo, timedelta, usage):
    _today = datetime.now(UTC).date()
    _first = _today - timedelta(days=30)
    _days = [
        {
            "day": each.day,
            "connection": f"{each.customer} {each.connection}",
            "requests": each.requests,
            "retries": each.retries,
            "waited": each.waited,
        }
        for each in usage
        if each.day >= _first.isoformat()
    ]
    _chart = (
        alt.Chart(alt.Data(values=_days))
        .mark_bar(size=9)
        .encode(
            x=alt.X(
                "day:T",
                title=None,
                scale=alt.Scale(domain=[_first.isoformat(), _today.isoformat()], padding=12),
                axis=alt.Axis(format="%b %d"),
            ),
            y=alt.Y("requests:Q", title="requests"),
            color=alt.Color("connection:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=[
                "day:T",
                "connection:N",
                "requests:Q",
                "retries:Q",
                alt.Tooltip("waited:Q", title="seconds waited"),
            ],
        )
        .properties(width="container", height=240)
    )
    mo.vstack([mo.md("## Requests of 30 days"), _chart if _days else mo.md("No vendor was asked.")])
    return


@app.cell
def _(alt, mo, snapshots, timedelta):
    _behind = [
        {
            "object": f"{customer} {connection}.{name}",
            "minutes": (found.published_at - moment).total_seconds() / 60,
            "complete up to": moment.isoformat(),
        }
        for customer, found in snapshots.items()
        for connection, objects in found.as_of.items()
        for name, moment in objects.items()
        if found.published_at - moment > timedelta(minutes=1)
    ]
    _worst = sorted(_behind, key=lambda each: -each["minutes"])[:20]
    _chart = (
        alt.Chart(alt.Data(values=_worst))
        .mark_bar()
        .encode(
            x=alt.X("minutes:Q", title="minutes before the publish"),
            y=alt.Y("object:N", title=None, sort="-x", axis=alt.Axis(labelLimit=220)),
            tooltip=["object:N", "complete up to:T", alt.Tooltip("minutes:Q", format=",.0f")],
        )
        .properties(width="container", height=alt.Step(18))
    )
    _none = "Everything is complete up to its publish." if snapshots else "Nothing is published yet."
    mo.vstack([mo.md("## Furthest behind"), _chart if _worst else mo.md(_none)])
    return


@app.cell
def _(alt, mo, project, snapshots):
    _changes = []
    for _name in snapshots:
        for _each in (
            project.customer(_name)
            .query_arrow("select version, entity, count(*) as rows from _changes group by all order by version desc")
            .to_pylist()
        ):
            _changes.append({"snapshot": f"{_name} v{_each['version']}", **_each})  # noqa: PERF401
    _chart = (
        alt.Chart(alt.Data(values=_changes))
        .mark_bar()
        .encode(
            x=alt.X("rows:Q", title="rows changed"),
            y=alt.Y("snapshot:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
            color=alt.Color("entity:N", title=None, legend=alt.Legend(orient="bottom", columns=3)),
            tooltip=["snapshot:N", "entity:N", "rows:Q"],
        )
        .properties(width="container", height=alt.Step(20))
    )
    mo.vstack(
        [
            mo.md("## What each snapshot changed"),
            _chart if _changes else mo.md("There is one snapshot so far: the next one tells what changed."),
        ]
    )
    return


@app.cell
def _(mo, project, snapshots):
    _rejects = []
    for _name in snapshots:
        _customer = project.customer(_name)
        for _raw in (True, False):
            _there = _customer.query_arrow("from duckdb_tables() where table_name = '_rejects'", raw=_raw)
            if _there.num_rows:
                _rejects += [
                    {"customer": _name, **each}
                    for each in _customer.query_arrow(
                        "select connection, object, field, reason, count(*) as values, any_value(raw_text) as example"
                        " from _rejects group by all order by values desc limit 100",
                        raw=_raw,
                    ).to_pylist()
                ]
    mo.vstack(
        [
            mo.md("## Values that did not fit"),
            mo.ui.table(_rejects, selection=None) if _rejects else mo.md("Every value was read as its type."),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
