"""Push: what a select says is planned against the published snapshot, and written through the ledger."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from backhaul.config.pipeline import Push
from backhaul.discovery.cache import known_schema, schema_of, with_definition
from backhaul.errors import BackhaulError, Busy, ConfigError
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import customer_of, models_of
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import ObjectSchema
from backhaul.publish.query import current_snapshot, open_snapshot
from backhaul.push.apply import Setting, apply_plan, check_fresh, settle_left
from backhaul.push.ledger import DeadLetter, Ledger
from backhaul.push.plan import Plan
from backhaul.push.planning import Retry, make_plan
from backhaul.push.report import PushReport
from backhaul.push.target import Column, Object, Task
from backhaul.push.wanted import Engine, Snapshot
from backhaul.telemetry.context import bound
from backhaul.telemetry.progress import StageDone, StageStarted


def plan_push(context: Context, name: str, *, overwrite: bool = False, retry: Retry | None = None) -> Plan:
    """What the push would write now. Nothing is sent to the vendor but what discovery may lack.

    overwrite: plan as if the push said `conflict: overwrite`. retry: its dead letters only.
    Raises ConfigError, ApprovalNeeded, StorageError, and what opening a connection raises.
    """
    with Pushing(context) as pushing, bound(customer=context.customer, run=context.run_id):
        return pushing.plan(pushing.task(name, overwrite=overwrite), retry)


def apply_push(
    context: Context,
    name: str,
    plan: Plan | None = None,
    *,
    limit: int | None = None,
    overwrite: bool = False,
    who: str | None = None,
) -> PushReport:
    """Write what the plan says; without one, what a plan made now says.

    limit: at most so many rows. who: on whose behalf; the ledger keeps it. Failures of rows and objects are in the
    report. Raises Busy where another push of the customer runs, and ConfigError for a stale plan.
    """
    with Pushing(context) as pushing, bound(customer=context.customer, run=context.run_id), pushing.lease():
        task = pushing.task(name, overwrite=overwrite or (plan is not None and plan.conflict == "overwrite"))
        with recorded(context) as reports:
            reports.append(pushing.apply(task, plan, limit=limit, who=who))
        return reports[0]


def retry_push(
    context: Context, name: str | None = None, *, limit: int | None = None, force: bool = False, who: str | None = None
) -> list[PushReport]:
    """Plan the dead letters of a push (of all pushes without a name) again and send them. force: also given-up ones."""
    retry = Retry(below=1 << 30) if force else Retry()
    with Pushing(context) as pushing, bound(customer=context.customer, run=context.run_id), pushing.lease():
        tasks = [pushing.task(each) for each in ([name] if name is not None else context.pipeline.push)]
        due = [task for task in tasks if pushing.ledger.dead_letters(task.name)]
        if not due:
            return []
        with recorded(context) as reports:
            for task in due:
                reports.append(pushing.apply(task, None, limit=limit, who=who, retry=retry))
        return reports


@contextmanager
def recorded(context: Context) -> Iterator[list[PushReport]]:
    """Keep the run in the control store; the block puts its reports into the list."""
    runs = context.state.runs
    runs.start(context.customer, "push", context.run_id)
    reports: list[PushReport] = []
    try:
        yield reports
    except BaseException as error:
        what = error.what if isinstance(error, BackhaulError) else type(error).__name__
        runs.finish(context.run_id, "failed", error=what)
        raise
    refused = sum(each.refused + each.unknown for each in reports)
    troubles = [each.what for report in reports for each in report.troubles]
    reasons = [*([f"{refused} rows refused or unknown"] if refused else []), *dict.fromkeys(troubles)]
    figures = {"pushes": [each.figures() for each in reports]}
    runs.finish(context.run_id, "partial" if reasons else "done", figures, "; ".join(reasons) or None)


def dead_letters(context: Context, name: str | None = None) -> list[DeadLetter]:
    """Rows that could not be written, oldest first."""
    path = context.layout.ledger(context.customer)
    if not path.exists():
        return []
    with Ledger(path) as ledger:
        return ledger.dead_letters(name)


class Pushing:
    """What the pushes of one run share: the ledger, and connections that are opened when first needed."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._held = ExitStack()
        self._connections: dict[str, Connection] = {}
        self.ledger = self._held.enter_context(Ledger(context.layout.ledger(context.customer)))

    def __enter__(self) -> Pushing:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    @contextmanager
    def lease(self) -> Iterator[None]:
        """One push of a customer at a time: what one has in flight must not look lost to another."""
        context = self.context
        leases = context.state.leases
        try:
            held = leases.lease(
                f"{context.customer}/push", run=context.run_id, wait=context.lease_wait, stop=context.stop
            )
        except Busy as busy:
            raise Busy(
                f"another push of {context.customer} is running", seconds=busy.seconds, customer=context.customer
            ) from busy
        with held:
            yield

    def open(self, name: str) -> Connection:
        found = self._connections.get(name)
        if found is None:
            found = self._connections[name] = self.context.open(name, priority="bulk")
            self._held.callback(found.close)
        return found

    # -- plan and apply --------------------------------------------------------------------------------------------

    def plan(self, task: Task, retry: Retry | None = None) -> Plan:
        destination = self.context.destination
        engine = Engine(memory_limit=destination.memory_limit, threads=destination.threads)
        scratch = self.context.layout.work_folder(self.context.customer) / "scratch"
        return make_plan(task, self._snapshot(), self.ledger, scratch, engine=engine, retry=retry)

    def apply(
        self, task: Task, plan: Plan | None, *, limit: int | None, who: str | None, retry: Retry | None = None
    ) -> PushReport:
        context = self.context
        context.progress.on(StageStarted(context.customer, stage="push"))
        setting = Setting(context.run_id, self.open, who or user(), context.progress, context.stop)
        left = settle_left(task, self.ledger, setting)
        if plan is None:
            plan = self.plan(task, retry)
        check_fresh(task, plan, self.ledger, current_snapshot(context.layout, context.customer).version)
        report = apply_plan(task, plan, self.ledger, setting, limit=limit)
        report = replace(
            report,
            settled=left.settled,
            unknown=report.unknown + left.unknown,
            notes=(*left.notes, *report.notes),
            troubles=(*left.troubles, *report.troubles),
        )
        note = f"{report.written} rows"
        context.progress.on(StageDone(context.customer, stage="push", seconds=report.seconds, note=note))
        return report

    def _snapshot(self) -> Snapshot:
        context = self.context
        manifest = current_snapshot(context.layout, context.customer)
        folder = context.layout.versions(context.customer)
        return Snapshot(manifest.version, folder / manifest.entities, folder / manifest.raw if manifest.raw else None)

    # -- what the pipeline says ------------------------------------------------------------------------------------

    def task(self, name: str, *, overwrite: bool = False) -> Task:
        """The push, with the objects that it may write. Raises ConfigError where it names what is not there."""
        context = self.context
        push = context.pipeline.push.get(name)
        if push is None:
            import difflib

            near = difflib.get_close_matches(name, context.pipeline.push, n=1)
            there = ", ".join(context.pipeline.push) or "none"
            raise ConfigError(
                f"{context.customer} has no push {name}; "
                + (f"did you mean {near[0]}?" if near else f"it has {there}"),
                next_step=f"name one of `push:` in pipelines/{context.customer}.yaml",
                customer=context.customer,
            )
        return self.task_of(name, push, overwrite=overwrite)

    def task_of(self, name: str, push: Push, *, overwrite: bool = False) -> Task:
        """A push that need not stand in the pipeline."""
        context = self.context
        connection, dot, object_name = push.to.partition(".")
        if dot:
            objects: tuple[Object, ...] = (self._object(name, connection, object_name),)
            entity = None
        else:
            objects, entity = self._entity(name, push), push.to
        return Task(
            customer=context.customer,
            name=name,
            select=push.select,
            mode=push.mode,
            key=push.key,
            conflict="overwrite" if overwrite else push.conflict,
            max_rows=push.max_rows,
            objects=objects,
            entity=entity,
        )

    def _object(self, name: str, connection: str, object_name: str) -> Object:
        context = self.context
        if connection not in context.pipeline.connections:
            raise ConfigError(
                f"the push {name} goes to {connection}.{object_name}, and there is no connection {connection}",
                next_step=f"name one of {', '.join(context.pipeline.connections)}",
                customer=context.customer,
            )
        schema = self._schema(connection, object_name)
        definition = context.source_of(connection).definition(object_name)
        if definition is None:
            raise ConfigError(f"{connection} has no object {object_name}", customer=context.customer)
        chosen = context.pipeline.connections[connection].objects
        private = chosen[object_name].private if chosen != "all" and object_name in chosen else {}
        return Object(connection, schema, definition, private=frozenset(private))

    def _schema(self, connection: str, object_name: str) -> ObjectSchema:
        context = self.context
        schema = known_schema(context.state.schemas, context.customer, connection)
        if schema is None or object_name not in schema.objects:
            schema, _, refused = schema_of(
                self.open(connection), context.state.schemas, [object_name], run=context.run_id
            )
            if object_name in refused:
                raise ConfigError(
                    f"the account does not give the object: {refused[object_name]}",
                    next_step="grant the right to it",
                    customer=context.customer,
                    connection=connection,
                    object=object_name,
                )
        return with_definition(schema, context.source_of(connection)).objects[object_name]

    def _entity(self, name: str, push: Push) -> tuple[Object, ...]:
        """Every object that fills the entity, with the way back of each of its columns."""
        from backhaul.transform.inverse import Inverse, inverse
        from backhaul.transform.plan import compile_entities
        from backhaul.transform.work import scalar_functions

        context = self.context
        with open_snapshot(context.layout, context.customer, raw=True) as raw:
            rows = raw.execute("SELECT table_name, column_name, data_type FROM duckdb_columns()").fetchall()
            tables: dict[str, dict[str, str]] = {}
            for table, column, kind in rows:
                tables.setdefault(str(table), {})[str(column)] = str(kind)
            functions = scalar_functions()
        plans = compile_entities(models_of(context), customer_of(context), tables, functions)
        plan = next((each for each in plans if each.shape.name == push.to), None)
        if plan is None:
            raise ConfigError(
                f"the push {name} goes to {push.to}, which is no entity",
                next_step=f"name one of {', '.join(each.shape.name for each in plans)}, or connection.object",
                customer=context.customer,
            )
        objects: list[Object] = []
        for part in plan.slices:
            found = {column: inverse(part, column) for column in plan.shape.columns}
            ways = {
                column: Column(column, way.field, way.spells_text, way.values, way.prefix)
                for column, way in found.items()
                if isinstance(way, Inverse)
            }
            no_way = {
                column: f"{push.to}.{column} cannot be written to {part.connection}.{part.object}: {way.reason}"
                for column, way in found.items()
                if not isinstance(way, Inverse)
            }
            plain = self._object(name, part.connection, part.object)
            objects.append(replace(plain, ways=ways, no_way=no_way))
        return tuple(objects)


def user() -> str:
    """Who runs this process, for the record; empty where nobody has logged in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # no login name where nobody has logged in: a container, a service
        return ""
