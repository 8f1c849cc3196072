"""The blocking driver: carries out the effects of `_session.py` with gRPC's blocking calls. Safe for many threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import grpc

from memgrid import _forking
from memgrid._lanes import MAX_LANES
from memgrid._session import AnyMethod, Effect, Emit, Enter, Next, Open, Pause, Plan, Send, Session
from memgrid._settings import Settings
from memgrid._signatures import as_method
from memgrid.errors import FailedPrecondition

_P = ParamSpec("_P")
_Result = TypeVar("_Result")


class Connection:
    """A channel with its session. Belongs to the process that made it."""

    def __init__(self, settings: Settings) -> None:
        _forking.check()
        self.pid: Final = os.getpid()
        self._gate: Final = threading.Semaphore(MAX_LANES)
        self.session: Final = Session(settings, self._gate)
        self._metadata: Final = settings.metadata()
        self._channel: Final = grpc.insecure_channel(settings.endpoint, options=settings.channel_options())
        _forking.channels.add(self._channel)
        self._calls: Final[dict[AnyMethod, Callable[..., Any]]] = {}

    def close(self) -> None:
        """Cancels what is in flight."""
        self._channel.close()

    def run(self, plan: Plan[_Result]) -> _Result:
        """Carries the plan out and returns its result."""
        try:
            effect = next(plan)
            while True:
                try:
                    done = self._perform(effect)
                except BaseException as error:  # the plan cleans up, and decides
                    effect = plan.throw(error)
                else:
                    effect = plan.send(done)
        except StopIteration as stop:
            result: _Result = stop.value
            return result

    def iterate(self, plan: Generator[Effect, Any, None]) -> Iterator[bytes]:
        """Carries the plan out as far as the caller asks, and yields what it emits."""
        try:
            effect = next(plan)
            while True:
                if isinstance(effect, Emit):
                    yield effect.item
                    effect = plan.send(None)
                    continue
                try:
                    done = self._perform(effect)
                except BaseException as error:
                    effect = plan.throw(error)
                else:
                    effect = plan.send(done)
        except StopIteration:
            return
        finally:
            plan.close()

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(method, payload, timeout_s):
                return self._send(self._unary(method), payload, timeout_s)
            case Next(stream):
                return next(stream, None)
            case Open(method, payload, timeout_s):
                start: Callable[..., Any] = self._channel.unary_stream(method.path)
                return start(payload, timeout=timeout_s, metadata=self._metadata)
            case Enter(timeout_s):
                return self._gate.acquire(timeout=timeout_s)
            case Pause(seconds):
                return time.sleep(seconds)
            case _:
                raise AssertionError(effect)

    def _send(self, call: Callable[..., Any], argument: bytes | Iterator[bytes], timeout_s: float) -> bytes:
        thread = threading.get_ident()
        _forking.calling.add(thread)
        try:
            answer: bytes = call(argument, timeout=timeout_s, metadata=self._metadata)
            return answer
        finally:
            _forking.calling.discard(thread)

    def _unary(self, method: AnyMethod) -> Callable[..., Any]:
        call = self._calls.get(method)
        if call is None:
            call = self._calls[method] = self._channel.unary_unary(method.path)
        return call

    def send_stream(self, method: AnyMethod, messages: Iterator[bytes], timeout_s: float) -> bytes:
        """A client stream. Raises grpc.RpcError. gRPC takes the messages on a thread of its own."""
        return self._send(self._channel.stream_unary(method.path), messages, timeout_s)


class BlockingCore:
    """Holds the connection of a blocking client."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Connection | None = Connection(settings)

    def _connected(self) -> Connection:
        """The connection of this process: a forked child gets one of its own, with client ids of its own."""
        connection = self._connection
        if connection is None:
            raise FailedPrecondition("this client is closed")
        if connection.pid != os.getpid():
            # Two threads of the child may both come here: each connection is good, and one of them stays.
            connection = self._connection = Connection(self._settings)
        return connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection.pid == os.getpid():
            connection.close()


def blocking(
    plan: Callable[Concatenate[Session, _P], Plan[_Result]],
) -> Callable[Concatenate[BlockingCore, _P], _Result]:
    """The plan as a method that returns when the answer has come."""

    def method(self: BlockingCore, /, *args: _P.args, **kwargs: _P.kwargs) -> _Result:
        connection = self._connected()
        return connection.run(plan(connection.session, *args, **kwargs))

    return as_method(method, plan)


def blocking_stream(
    plan: Callable[Concatenate[Session, _P], Generator[Effect, Any, None]],
) -> Callable[Concatenate[BlockingCore, _P], Iterator[bytes]]:
    """The plan as a method that returns an iterator."""

    def method(self: BlockingCore, /, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[bytes]:
        connection = self._connected()
        return connection.iterate(plan(connection.session, *args, **kwargs))

    return as_method(method, plan)
