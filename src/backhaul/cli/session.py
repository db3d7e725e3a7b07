"""One invocation: the options it was given, the project it opened, the log it writes, and how it is stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from backhaul.cli.failures import STOPPED

if TYPE_CHECKING:
    from backhaul.cli.output import Output
    from backhaul.cli.progress import Drawn
    from backhaul.pipeline.run import RunReport
    from backhaul.project import Project
    from backhaul.telemetry.progress import Progress

_log_folder: Path | None = None
_STOPPING = "Stopping. What was read is kept, the next run goes on from there. Ctrl-C again ends it at once."


def log_folder() -> Path | None:
    """Where this process's log is, once a project is open."""
    return _log_folder


@dataclass
class Session:
    """The options that stand anywhere, and what hangs on them."""

    root: Path | None = None
    environment: str | None = None
    log_level: str | None = None
    as_json: bool = False
    wait: float | None = None
    stopped: bool = field(default=False, init=False)
    _drawn: Drawn | None = field(default=None, init=False)

    @property
    def output(self) -> Output:
        from backhaul.cli.output import Output

        return Output(self.as_json)

    @contextmanager
    def project(self, *, progress: bool = False) -> Iterator[Project]:
        """The project, open until the block ends. progress: draw what it tells while it works.

        The first Ctrl-C (or SIGTERM) asks it to stop, the second ends the process.
        """
        from backhaul.project import Project
        from backhaul.telemetry.progress import SILENT

        with ExitStack() as stack:
            self._start_log(None)
            project = Project(self.root or nearest_project(), environment=self.environment)
            self._start_log(project.config.layout.logs)
            stack.enter_context(project)
            if self.wait is not None:
                project.lease_wait = self.wait
            if progress:
                listener: Progress = SILENT
                if not self.as_json:
                    from backhaul.cli.progress import Drawn, listening

                    listener = stack.enter_context(listening())
                    self._drawn = listener if isinstance(listener, Drawn) else None
                project.progress = listener
                stack.enter_context(self._stoppable(project))
            yield project

    def code(self, code: int) -> int:
        """The command's exit code, unless it was stopped."""
        return STOPPED if self.stopped else code

    def finish(self, project: Project, report: RunReport) -> int:
        """Show a run's report; gives the exit code."""
        from backhaul.cli.reports import report_json, show_report

        with self.aside():
            if self.as_json:
                self.output.json(report_json(report))
            else:
                show_report(self.output, report, project.config.root)
        return self.code(report.exit_code)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the drawing away while something is printed for good."""
        if self._drawn is None:
            yield
            return
        with self._drawn.away():
            yield

    def _start_log(self, folder: Path | None) -> None:
        global _log_folder
        from backhaul.telemetry.log import DEBUG, INFO, LEVELS, Console, JsonLines, Sink, set_up

        sinks: list[Sink] = []
        level = LEVELS[self.log_level] if self.log_level else None
        if level is not None:
            sinks.append(Console(level))
        if folder is not None:
            sinks.append(JsonLines(folder, DEBUG if level == DEBUG else INFO))
            _log_folder = folder
        set_up(*sinks)

    @contextmanager
    def _stoppable(self, project: Project) -> Iterator[None]:
        def stop(number: int, frame: FrameType | None) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True
            project.stop.set()
            if self._drawn is not None:
                self._drawn.last_line = _STOPPING
            else:
                # not through a console: the signal may have come in the middle of one's own line
                os.write(2, f"{_STOPPING}\n".encode())

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def nearest_project() -> Path:
    """The nearest folder from here upwards that holds pipelines; here, where there is none."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "pipelines").is_dir()), here)
