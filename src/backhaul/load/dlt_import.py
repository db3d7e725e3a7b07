"""Parquet files into raw tables through dlt, as one package; and nothing of dlt's surroundings comes with it.

dlt is configured here and nowhere else: no file, no environment variable, no home folder is read. Its working folder
is thrown away before each use, because the spool, not dlt, knows what is still to be loaded. dlt takes most of a
second to import: import this module where there is something to load.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.dictionary import DictionaryProvider
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.common.configuration.specs.config_providers_context import ConfigProvidersContainer
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.exceptions import DltException
from dlt.common.runtime.collector import NullCollector
from dlt.common.runtime.run_context import RunContext

from backhaul.load.database import translated
from backhaul.load.tables import SCHEMA
from backhaul.telemetry.crashpoints import crash_point

NAME = "backhaul"

# dlt keeps its configuration in one place a process, so that only one thread may load at a time.
_one_at_a_time = threading.Lock()

_SETTINGS: dict[str, Any] = {
    "runtime": {"dlthub_telemetry": False, "intercept_signals": False},
    "enable_runtime_trace": False,
    "restore_from_destination": False,
    "schema": {"naming": "direct"},
    "extract": {"workers": 1},
    "normalize": {"workers": 1},
    # One worker: the engine runs each statement on all its threads, and two at once only double the memory.
    # A statement that failed fails again; it is not tried five times.
    "load": {"workers": 1, "raise_on_max_retries": 1, "delete_completed_jobs": True},
}

_DLT_TYPES: dict[str, dict[str, Any]] = {
    "VARCHAR": {"data_type": "text"},
    "BIGINT": {"data_type": "bigint"},
    "DECIMAL(38,9)": {"data_type": "decimal", "precision": 38, "scale": 9},
    "DOUBLE": {"data_type": "double"},
    "BOOLEAN": {"data_type": "bool"},
    "DATE": {"data_type": "date"},
    "TIMESTAMP WITH TIME ZONE": {"data_type": "timestamp"},
    "TIME": {"data_type": "time"},
}


_KEY = {"primary_key": True}
_NEWEST_INSTEAD: Any = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": True}

File = tuple[Path, int]
"""A Parquet file and how many rows it has."""


@dataclass(frozen=True, slots=True)
class Import:
    """Files for one table.

    columns: those of the files, in their order, so that dlt links the files and does not rewrite them. files: given
    the id of the load, for rows that carry it. append: no key in them is in the table.
    """

    table: str
    columns: Mapping[str, str]
    files: Callable[[str], Sequence[File]]
    append: bool


def import_all(
    connection: duckdb.DuckDBPyConnection, imports: Sequence[Import], *, database: Path, folder: Path
) -> str:
    """Load everything as one package and give its load id, under which `_dlt_loads` lists it as completed.

    folder: dlt's own, emptied first. Raises StorageError, Bug.
    """
    with _one_at_a_time, _readable(folder) as working, _quiet_dlt(working):
        pipeline = dlt.pipeline(
            NAME,
            pipelines_dir=str(working),
            destination=dlt.destinations.duckdb(connection),
            dataset_name=SCHEMA,
            progress=_Passings(),
        )
        try:
            pipeline.extract(
                [_resource(each) for each in imports], schema=dlt.Schema(NAME), loader_file_format="parquet"
            )
            pipeline.normalize()
            info = pipeline.load()
        except DltException as error:
            raise translated(error, database) from error
        finally:
            pipeline.deactivate()
        return str(info.loads_ids[0])


class _Passings(NullCollector):
    """Told of each job that ended: the only moment between two tables that dlt lets one see."""

    def update(self, name: str, *args: Any, **kwargs: Any) -> None:
        if name == "Jobs" and not args and not kwargs:
            crash_point("between_tables")


def _resource(each: Import) -> Any:
    # Nullable even where the table says no: as in the files, which dlt would otherwise rewrite. Nothing creates the
    # tables from these hints, they exist.
    hints: Any = [
        {"name": name, "nullable": True, **_DLT_TYPES[kind], **({} if each.append else _KEY if name == "_key" else {})}
        for name, kind in each.columns.items()
    ]

    def files() -> Iterator[Any]:
        for path, rows in each.files(dlt.current.load_package_state()["load_id"]):
            yield dlt.mark.with_file_import(str(path), "parquet", rows)
            crash_point("dlt_extract")

    return dlt.resource(
        files, name=each.table, columns=hints, write_disposition="append" if each.append else _NEWEST_INSTEAD
    )


@contextmanager
def _readable(folder: Path) -> Iterator[Path]:
    """The folder, empty; or a temporary one where dlt could not spell its path in SQL."""
    if any(sign in str(folder) for sign in "'*?[]{}"):
        with tempfile.TemporaryDirectory(prefix="backhaul-") as temporary:
            yield Path(temporary)
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


@contextmanager
def _quiet_dlt(folder: Path) -> Iterator[None]:
    """dlt with our settings alone, and silent below an error; whoever else uses dlt here finds theirs again."""
    container = Container()
    context = _Context(str(folder))
    logger = logging.getLogger("dlt")
    level = logger.level
    logger.setLevel(logging.ERROR)
    if PluggableRunContext not in container:
        container[PluggableRunContext] = PluggableRunContext(context)
        try:
            yield
        finally:
            del container[PluggableRunContext]
            logger.setLevel(level)
        return
    plugged = container[PluggableRunContext]
    theirs = plugged.context, plugged.providers
    plugged.context, plugged.providers = context, ConfigProvidersContainer(context.initial_providers())
    try:
        yield
    finally:
        plugged.context, plugged.providers = theirs
        logger.setLevel(level)


class _Settings(DictionaryProvider):
    def __init__(self) -> None:
        super().__init__()
        self._config_doc = _SETTINGS


class _Context(RunContext):
    """Where dlt would look for settings and keep its files: nowhere but in the folder it was given."""

    @property
    def global_dir(self) -> str:
        return str(self._init_run_dir)

    run_dir = local_dir = data_dir = global_dir

    def initial_providers(self) -> list[Any]:
        return [_Settings()]

    def initialize_runtime(self, runtime_config: RuntimeConfiguration | None = None) -> None:
        self._runtime_config = runtime_config or RuntimeConfiguration(dlthub_telemetry=False)
