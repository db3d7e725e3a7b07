"""Send a request to a vendor as it wants to be treated: limits obeyed, retried where safe, measured, bounded.

The path of one `send`: limits, signature, network, what the headers tell, what the answer means; then the answer,
another try, or an error that says what to do next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from backhaul.errors import BackhaulError, FixDefinition, Reauthorise, VendorDown, Wait
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.limits import Gate, LimitSpec, Pass
from backhaul.http.patience import PATIENCE, Patience, asked_wait, backoff, parse_http_date, retry_after
from backhaul.http.refusals import AnswerLost, ErrorFacts, Outcome, Refused, Stopped
from backhaul.http.request import Request, Response
from backhaul.http.rules import Answer, ErrorRule, Verdict, facts_of, judge
from backhaul.http.signing import Signer, Unsigned
from backhaul.http.who import BY_HTTP, NOBODY, Behaviour, Who
from backhaul.http.wire import Exchange, NoAnswer, NotSent, TooLarge, Wire
from backhaul.http.wording import clean, garbled, said_by, short, spell
from backhaul.state.budgets import Buckets, Priority
from backhaul.state.usage import NO_METER, Meter
from backhaul.telemetry import redact
from backhaul.telemetry.log import INFO, Logger, wanted
from backhaul.telemetry.progress import SILENT, Progress, Waiting

__all__ = ["Behaviour", "Streaming", "Transport", "Who"]

_log = Logger("http")
_WORTH_SAYING = 0.25  # seconds; shorter waits, for a slot of our own say, are no news


@dataclass(slots=True)
class _Course:
    """One `send` over its tries."""

    attempts: int = 0
    failures: int = 0
    waits: int = 0
    waited: float = 0.0
    """Because the vendor asked, or before another try."""
    queued: float = 0.0
    """For our own turn under the limits."""
    refreshed: bool = False


@dataclass(frozen=True, slots=True)
class _Again:
    """Not yet: send again after so many seconds."""

    seconds: float
    reason: str


@dataclass(slots=True)
class Streaming:
    """A good answer whose body is read as it comes."""

    status: int
    headers: Mapping[str, str]
    response: Response = field(repr=False)
    """Everything but the body, which is empty."""
    chunks: Iterator[bytes] = field(repr=False)
    """Pieces of the body, decompressed. Raises VendorDown where it is cut: what came before is then incomplete."""


class Transport:
    """One connection's way to its vendor. Threads share it; close it at the end of the run."""

    def __init__(
        self,
        who: Who = NOBODY,
        *,
        signer: Signer | None = None,
        behaviour: Behaviour = BY_HTTP,
        limits: Sequence[LimitSpec] = (),
        buckets: Buckets | None = None,
        meter: Meter = NO_METER,
        patience: Patience = PATIENCE,
        priority: Priority = "bulk",
        progress: Progress = SILENT,
        stop: threading.Event | None = None,
        clock: Clock = SYSTEM,
        connections: int = 64,
        verify: bool = True,
    ) -> None:
        self.who = who
        self.signer: Signer = signer or Unsigned()
        self._behaviour = behaviour
        self._gate = Gate(limits, buckets, who.owners, priority)
        self._meter = meter
        self._patience = patience
        self._progress = progress
        self._stop = stop
        self._clock = clock
        self._wire = Wire(connections=connections, verify=verify)

    def identify(self, *, account: str, user: str = "") -> None:
        """Tell whose account it is, known from the probe: limits of its scope hang on it from now on."""
        source = self.who.source
        found = {"account": f"{source}/{account}", "user": f"{source}/{account}/{user}" if user else ""}
        self._gate.identify({**self.who.owners, **{scope: owner for scope, owner in found.items() if owner}})

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Hold the one of its kind that the account has, over all requests of the block; until then, wait. Raises
        Stopped."""
        while True:
            entered = self._gate.alone(what)
            if isinstance(entered, Pass):
                break
            if self._clock.sleep(entered.seconds, self._stop):
                raise Stopped(f"stopped while another {what} of the account was open")
        try:
            yield
        finally:
            entered.close()

    def close(self) -> None:
        self._wire.close()

    def send(self, request: Request) -> Response:
        """The answer, whole and good.

        Raises Refused (see its outcomes), AnswerLost (a write that may have been applied), Wait, Reauthorise,
        FixDefinition, VendorDown, Stopped.
        """
        with self._answered(request, whole=True) as (response, _):
            return response

    @contextmanager
    def stream(self, request: Request) -> Iterator[Streaming]:
        """As `send`, but the body is read as it comes, for files of any size. Limits are held until the block ends."""
        with self._answered(request, whole=False) as (response, exchange):
            yield Streaming(response.status, response.headers, response, self._streamed(request, exchange))

    def _streamed(self, request: Request, exchange: Exchange) -> Iterator[bytes]:
        size = 0
        try:
            for chunk in exchange.chunks():
                size += len(chunk)
                yield chunk
        except NoAnswer as error:
            raise VendorDown(f"{self._name} {short(request)}: {error}") from error
        except TooLarge as error:
            raise FixDefinition(f"{self._name} {short(request)} answers {error}") from error
        finally:
            self._meter.count(bytes=size)

    @contextmanager
    def _answered(self, request: Request, *, whole: bool) -> Iterator[tuple[Response, Exchange]]:
        """Try until there is a good answer. In the block its body is still unread unless `whole`."""
        course = _Course()
        try:
            while True:
                if self._stop is not None and self._stop.is_set():
                    raise Stopped(f"stopped before {short(request)}")
                course.attempts += 1
                with ExitStack() as held:
                    tried = self._try(request, self._enter(request, course, held), course, held, whole)
                    if not isinstance(tried, _Again):
                        yield tried
                        return
                if tried.seconds > 0:
                    self._sleep(request, tried.seconds, tried.reason)
                    course.waited += tried.seconds
        except BackhaulError as error:
            who = self.who
            error.within(customer=who.customer or None, connection=who.connection or None, object=request.object)
            raise

    def _enter(self, request: Request, course: _Course, held: ExitStack) -> Pass:
        """Wait for our own turn under the limits. Gives back what was taken when `held` ends."""
        while True:
            entered = self._gate.enter(request.use)
            if isinstance(entered, Pass):
                held.callback(entered.close)
                return entered
            seconds = entered.seconds
            if seconds > self._patience.longest_wait:
                kind = "daily budget" if entered.quota else "limit"
                what = f"{self._name}: the {kind} {entered.limit} is used up for another {spell(seconds)}"
                raise Wait(what, seconds=seconds)
            self._sleep(request, seconds, f"limit {entered.limit}")
            course.queued += seconds

    def _try(
        self, request: Request, entered: Pass, course: _Course, held: ExitStack, whole: bool
    ) -> tuple[Response, Exchange] | _Again:
        signed = self.signer.sign(request)
        begun = time.perf_counter()
        status, body, trouble = 0, b"", ""
        try:
            exchange = self._wire.open(signed, entered.sent)
            held.callback(exchange.close)
            status = exchange.status
            if whole or status >= 300 or exchange.is_html:
                body = exchange.read()
                trouble = garbled(request, Answer(status, exchange.headers, body))
        except NotSent as error:
            trouble = f"it cannot be reached: {error}"
            return self._failed(request, course, trouble, safe=True)
        except NoAnswer as error:
            trouble = str(error)
            return self._failed(request, course, trouble, safe=request.repeatable)
        except TooLarge as error:
            trouble = str(error)
            raise self._too_large(request, status, error) from error
        finally:
            seconds = time.perf_counter() - begun
            self._record(request, status, len(body), seconds, course, trouble)
        self._gate.observe(request.use, exchange.headers)
        if whole or body:
            answer = Answer(status, exchange.headers, body, self._behaviour.parse)
            verdict = judge(self._behaviour.rules, request, answer)
            if verdict is not None:
                return self._act(verdict, request, signed, answer, course)
            if trouble:
                return self._failed(request, course, trouble, safe=request.repeatable, status=status)
        response = Response(
            status=status,
            headers=exchange.headers,
            body=body,
            sent_at=exchange.sent_at,
            vendor_time=parse_http_date(exchange.headers.get("date", "")),
            elapsed=seconds,
            attempts=course.attempts,
            url=request.full_url,
        )
        return response, exchange

    def _act(self, verdict: Verdict, request: Request, signed: Request, answer: Answer, course: _Course) -> _Again:
        """Do what an outcome asks for: another try, or the error that tells the caller."""
        outcome, rule = verdict.outcome, verdict.rule
        facts = clean(facts_of(answer, self._behaviour.read_error))
        said = said_by(answer, facts)
        if outcome in ("wait", "wait_for_quota"):
            return self._asked_to_wait(outcome, rule, request, answer, said, course)
        if outcome == "retry":
            # Only a plain refusal (4xx) says that nothing was done; a 5xx may come after the fact.
            safe = request.repeatable or (400 <= answer.status < 500 and answer.status != 408)
            least = rule.wait or 0.0 if rule else 0.0
            asked = retry_after(answer.headers, self._clock.now())
            wait = asked if asked is not None else least
            return self._failed(request, course, said, safe=safe, at_least=wait, status=answer.status)
        if outcome == "unknown":
            return self._failed(request, course, said, safe=request.repeatable, status=answer.status)
        if outcome == "refresh" and not course.refreshed and self.signer.refresh(signed):
            course.refreshed = True
            return _Again(0.0, "new credentials")
        if outcome in ("refresh", "reauthorise"):
            raise Reauthorise(f"{self._name} does not accept the credentials: {said}")
        raise self._refusal(outcome, request, answer, facts, said)

    def _refusal(
        self, outcome: Outcome, request: Request, answer: Answer, facts: ErrorFacts, said: str
    ) -> BackhaulError:
        what = f"{self._name} refused {short(request)}: {said}"
        if outcome == "fail":
            location = answer.headers.get("location", "")
            if answer.status < 400 and location:
                return FixDefinition(f"{self._name} has moved {short(request)} to {redact.text(location)}")
            if answer.status == 403:
                return FixDefinition(
                    what, next_step="grant the account the right to it, or leave it out of the pipeline"
                )
            return FixDefinition(what)
        return Refused(
            what,
            outcome=outcome,
            status=answer.status,
            facts=facts,
            location=answer.headers.get("location", ""),
            body=answer.body,
            next_step="correct the record, then `backhaul push retry`" if outcome == "reject" else None,
        )

    def _asked_to_wait(
        self, outcome: str, rule: ErrorRule | None, request: Request, answer: Answer, said: str, course: _Course
    ) -> _Again:
        course.waits += 1
        self._meter.count(throttled=1)
        asked = retry_after(answer.headers, self._clock.now())
        least = rule.wait if rule is not None and rule.wait is not None else 1.0
        seconds = asked if asked is not None else asked_wait(least, course.waits, self._patience)
        name = rule.limit if rule is not None else ""
        if outcome == "wait_for_quota":
            asked_for = asked if asked is not None else 0.0
            seconds = self._gate.pause(request.use, asked_for, kind="quota", name=name)
            seconds = seconds or 3600.0
        else:
            self._gate.pause(request.use, seconds, kind="rate", name=name)
        longest = self._patience.longest_wait
        # The count bounds a vendor that answers `Retry-After: 0` for ever.
        if course.waited + seconds > longest or course.waits > 10 * self._patience.tries:
            raise Wait(f"{self._name} asks to wait {spell(seconds)}: {said}", seconds=seconds)
        return _Again(seconds, said)

    def _failed(
        self, request: Request, course: _Course, trouble: str, *, safe: bool, at_least: float = 0.0, status: int = 0
    ) -> _Again:
        """A try came to nothing: the next one, or the end of patience."""
        course.failures += 1
        if not safe:
            raise AnswerLost(f"{self._name} {short(request)} may have been applied: {trouble}", status=status)
        if course.failures >= self._patience.tries:
            tries = f"{course.failures} tries" if course.failures > 1 else "1 try"
            raise VendorDown(f"{self._name} {short(request)} failed after {tries}: {trouble}")
        self._meter.count(retries=1)
        seconds = max(at_least, backoff(course.failures, self._patience))
        if seconds > self._patience.longest_wait:
            raise Wait(f"{self._name} asks to wait {spell(seconds)}: {trouble}", seconds=seconds)
        return _Again(seconds, trouble)

    def _sleep(self, request: Request, seconds: float, reason: str) -> None:
        if seconds >= _WORTH_SAYING:
            who = self.who
            self._progress.on(Waiting(who.customer, who.connection, request.object or "", reason, seconds))
        self._meter.count(waited=seconds)
        if self._clock.sleep(seconds, self._stop):
            raise Stopped(f"stopped while {short(request)} waited: {reason}")

    def _too_large(self, request: Request, status: int, error: TooLarge) -> BackhaulError:
        if not request.repeatable:
            return AnswerLost(f"{self._name} {short(request)} answers {error}")
        what = f"{self._name} {short(request)} answers {error}"
        return Refused(what, outcome="split", status=status, facts=ErrorFacts(code="too_large"))

    def _record(self, request: Request, status: int, size: int, seconds: float, course: _Course, trouble: str) -> None:
        self._meter.count(requests=1, bytes=size)
        if wanted(INFO):
            _log.info(
                "request",
                customer=self.who.customer,
                connection=self.who.connection,
                object=request.object,
                role=request.role,
                method=request.method,
                path=urlsplit(request.url).path,
                status=status,
                ms=round(seconds * 1000, 1),
                bytes=size,
                attempt=course.attempts,
                waited=round(course.waited + course.queued, 3),
                **({"trouble": trouble} if trouble else {}),
            )

    @property
    def _name(self) -> str:
        return self.who.source or "the vendor"
