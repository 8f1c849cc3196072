"""What happens between a method call and its answer, without doing any input or output.

A call is a generator that yields *effects* (send this, pause so long, wait for a lane) and is sent their results; a
driver, blocking (`_blocking.py`) or asynchronous (`_awaitable.py`), carries them out. So deadlines, retries, lanes,
paging and streams are written once for both, and an exception that hits the driver (a cancelled task, Ctrl-C) is thrown
into the generator, whose `finally` leaves everything in order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast

import grpc
from google.protobuf.message import Message

from memgrid import _wire
from memgrid._lanes import MAX_LANES, LanePool
from memgrid._methods import Answer, Method, Request
from memgrid._retry import Backoff, Deadline
from memgrid._settings import Settings
from memgrid.errors import BY_CODE, Cancelled, DeadlineExceeded, InvalidArgument, MemgridError, Unavailable, Unknown

AnyMethod = Method[Any, Any]
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Send:
    """One attempt of a unary call. Result: the answer's bytes. Raises grpc.RpcError."""

    method: AnyMethod
    payload: bytes
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Open:
    """Starts a server stream. Result: a handle for `Next`, with a method `cancel()`."""

    method: AnyMethod
    payload: bytes
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Next:
    """The next message of a stream. Result: its bytes, or None at the end. Raises grpc.RpcError."""

    stream: Any


@dataclass(frozen=True, slots=True)
class Pause:
    """Sleeps."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Enter:
    """Passes the gate that lets `MAX_LANES` writes through. Result: False if that took longer than `timeout_s`."""

    timeout_s: float


@dataclass(frozen=True, slots=True)
class Emit:
    """Hands `item` to whoever iterates over the call."""

    item: bytes


Effect = Send | Open | Next | Pause | Enter | Emit
#: A call that ends with a result.
Plan = Generator[Effect, Any, _Result]


def emitted_to(take: Callable[[bytes], None], plan: Generator[Effect, Any, None]) -> Plan[None]:
    """A plan that hands what another emits to `take`, and all its other effects on."""
    try:
        effect = next(plan)
        while True:
            if isinstance(effect, Emit):
                take(effect.item)
                effect = plan.send(None)
                continue
            try:
                done = yield effect
            except BaseException as error:
                effect = plan.throw(error)
            else:
                effect = plan.send(done)
    except StopIteration:
        return
    finally:
        plan.close()


#: After any other status a write has been done or refused, and nothing of it is under way.
_UNKNOWN_OUTCOMES: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNKNOWN,
    }
)
#: Refusals that come before the server looks whether it has done this write already.
_REFUSED_AT_THE_DOOR: Final = frozenset(
    {
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAUTHENTICATED,
    }
)
_OUTCOME_UNKNOWN: Final = "outcome unknown"
#: How gRPC begins its text when there was no connection to send anything over.
_NO_CONNECTION: Final = "failed to connect"


class Gate(Protocol):
    """A semaphore of the driver, entered through `Enter`."""

    def release(self) -> None:
        """Lets the next write through. Never blocks."""


class Session:
    """What the calls of one connection share: settings, lanes, and the gate that bounds them."""

    __slots__ = ("_gate", "_lanes", "settings")

    def __init__(self, settings: Settings, gate: Gate) -> None:
        self.settings: Final = settings
        self._gate: Final = gate
        self._lanes: Final = LanePool()

    def deadline(self, timeout_ms: int | None, extra_s: float = 0.0) -> Deadline:
        """`timeout_ms` bounds the whole call; 0 and None leave it to the client's default and `extra_s`."""
        if timeout_ms is not None and timeout_ms < 0:
            raise InvalidArgument(f"timeout_ms: {timeout_ms} is negative")
        return Deadline(timeout_ms / 1000 if timeout_ms else self.settings.timeout_s + extra_s)

    def call(self, method: Method[Request, Answer], request: Request, timeout_ms: int | None = None) -> Plan[Answer]:
        """A unary call without large fields."""
        return (yield from self.call_with_bytes(method, request, 0, None, timeout_ms))

    def call_with_bytes(
        self,
        method: Method[Request, Answer],
        request: Request,
        field: int,
        data: memoryview | None,
        timeout_ms: int | None = None,
    ) -> Plan[Answer]:
        """A unary call whose field number `field` is `data`."""
        raw = yield from self.call_raw(method, request, field, data, timeout_ms)
        return method.parse(raw)

    def call_raw(
        self, method: AnyMethod, request: Message, field: int, data: memoryview | None, timeout_ms: int | None
    ) -> Plan[bytes]:
        """As `call_with_bytes`; the answer as it came."""
        deadline = self.deadline(timeout_ms)
        if method.is_write:
            return (yield from self._write(method, request, field, data, deadline))
        return (yield from _attempts(method, _payload(request, field, data), deadline))

    def _write(
        self, method: AnyMethod, request: Any, field: int, data: memoryview | None, deadline: Deadline
    ) -> Plan[bytes]:
        """Takes a lane, and gives it back only if the outcome is known. See `_lanes.py`."""
        if not (yield Enter(deadline.left_s())):
            raise DeadlineExceeded(
                f"{method.name}: not sent, {MAX_LANES} writes of this client were in flight for {deadline.total_s:g} s"
            )
        lane = self._lanes.take()
        keep = False
        try:
            request.client_id, request.sequence = lane.client_id, lane.advance()
            answer = yield from _attempts(method, _payload(request, field, data), deadline)
            keep = True
            return answer
        except Cancelled as error:  # by the driver, not by the server
            error.outcome_unknown = True
            raise
        except MemgridError as error:
            keep = not error.outcome_unknown
            raise
        finally:
            if keep:
                self._lanes.give_back(lane)
            self._gate.release()


def _payload(request: Message, field: int, data: memoryview | None) -> bytes:
    return request.SerializeToString() if data is None else _wire.with_bytes(request, field, data)


def _attempts(method: AnyMethod, payload: bytes, deadline: Deadline) -> Plan[bytes]:
    """Sends until there is an answer other than UNAVAILABLE, or until the deadline is too near for another attempt."""
    retries = Retries(method, deadline)
    while True:
        try:
            answer: bytes = yield Send(method, payload, deadline.left_s())
            return answer
        except grpc.RpcError as failure:
            pause_s = retries.pause_or_raise(failure)
        yield Pause(pause_s)


class Retries:
    """The attempts of one call: what they said, and how long to wait for the next."""

    __slots__ = ("_backoff", "_deadline", "_last", "_maybe_done", "_method")

    def __init__(self, method: AnyMethod, deadline: Deadline) -> None:
        self._method: Final = method
        self._deadline: Final = deadline
        self._backoff: Final = Backoff()
        self._maybe_done = False
        self._last: str | None = None

    def progress(self) -> None:
        """Something came through: the next pause is short again."""
        self._backoff.reset()

    def pause_or_raise(self, failure: grpc.RpcError) -> float:
        """Seconds to the next attempt; raises our error where there is to be none."""
        error = self.error(failure)
        if not isinstance(error, Unavailable):
            raise error from None
        pause_s = self._backoff.pause_s(error.retry_after)
        if pause_s >= self._deadline.left_s():
            raise error from None
        self._last = error.details
        return pause_s

    def error(self, failure: grpc.RpcError) -> MemgridError:
        """Our error for what gRPC says."""
        code = failure.code()
        details = failure.details() or code.name
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and details == "Deadline Exceeded":  # gRPC's own, not the server's
            details = f"{self._method.name}: no answer within {self._deadline.total_s:g} s"
            if self._last is not None:
                details += f" (before that: {self._last})"
        retry_after_s = _retry_after_s(failure)
        unknown = self._is_unknown(code, details, retry_after_s)
        if unknown and _OUTCOME_UNKNOWN not in details:
            details += f"; {_OUTCOME_UNKNOWN}"
        return BY_CODE.get(code, Unknown)(details, retry_after=retry_after_s, outcome_unknown=unknown)

    def _is_unknown(self, code: grpc.StatusCode, details: str, retry_after_s: float | None) -> bool:
        """Whether the write, in this attempt or one before it, may have been done."""
        if not self._method.is_write:
            return False
        if code in _REFUSED_AT_THE_DOOR:
            return self._maybe_done
        if code not in _UNKNOWN_OUTCOMES:
            return False
        not_begun = code is grpc.StatusCode.UNAVAILABLE and (
            retry_after_s is not None or details.startswith(_NO_CONNECTION)
        )
        self._maybe_done = self._maybe_done or not not_begun
        return self._maybe_done


def _retry_after_s(failure: grpc.RpcError) -> float | None:
    trailers: Iterable[tuple[str, str | bytes]] = cast("Any", failure.trailing_metadata()) or ()
    for key, value in trailers:
        if key == "retry-after-ms":
            text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
            return int(text) / 1000 if text.isdecimal() else None
    return None
