"""The asynchronous driver: carries out the effects of `_session.py` with grpc.aio. Safe to cancel at any point."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import grpc
import grpc.aio

from memgrid import _forking
from memgrid._lanes import MAX_LANES
from memgrid._session import AnyMethod, Effect, Emit, Enter, Next, Open, Pause, Plan, Send, Session
from memgrid._settings import Settings
from memgrid._signatures import as_method
from memgrid.errors import Cancelled, FailedPrecondition

_P = ParamSpec("_P")
_Result = TypeVar("_Result")


class AsyncConnection:
    """A channel with its session. Belongs to the process and the event loop that made it."""

    def __init__(self, settings: Settings) -> None:
        _forking.check()
        self.pid: Final = os.getpid()
        self._gate: Final = asyncio.Semaphore(MAX_LANES)
        self.session: Final = Session(settings, self._gate)
        self._metadata: Final = settings.metadata()
        self._channel: Final = grpc.aio.insecure_channel(settings.endpoint, options=settings.channel_options())
        self._calls: Final[dict[AnyMethod, Callable[..., Any]]] = {}

    async def close(self) -> None:
        """Cancels what is in flight."""
        await self._channel.close()

    async def run(self, plan: Plan[_Result]) -> _Result:
        """Carries the plan out and returns its result."""
        try:
            effect = next(plan)
            while True:
                try:
                    done = await self._perform(effect)
                except BaseException as error:  # the plan cleans up, and decides
                    effect = plan.throw(error)
                else:
                    effect = plan.send(done)
        except StopIteration as stop:
            result: _Result = stop.value
            return result

    async def iterate(self, plan: Generator[Effect, Any, None]) -> AsyncIterator[bytes]:
        """Carries the plan out as far as the caller asks, and yields what it emits."""
        try:
            effect = next(plan)
            while True:
                if isinstance(effect, Emit):
                    yield effect.item
                    effect = plan.send(None)
                    continue
                try:
                    done = await self._perform(effect)
                except BaseException as error:
                    effect = plan.throw(error)
                else:
                    effect = plan.send(done)
        except StopIteration:
            return
        finally:
            plan.close()

    async def _perform(self, effect: Effect) -> Any:
        token = object()
        _forking.calling.add(token)
        try:
            match effect:
                case Send(method, payload, timeout_s):
                    return await self._unary(method)(payload, timeout=timeout_s, metadata=self._metadata)
                case Next(stream):
                    message = await stream.read()
                    return None if message is grpc.aio.EOF else message
                case Open(method, payload, timeout_s):
                    start: Callable[..., Any] = self._channel.unary_stream(method.path)
                    return start(payload, timeout=timeout_s, metadata=self._metadata)
                case Enter(timeout_s):
                    return await self._enter(timeout_s)
                case Pause(seconds):
                    return await asyncio.sleep(seconds)
                case _:
                    raise AssertionError(effect)
        except asyncio.CancelledError:
            raise_if_not_ours()
            raise
        finally:
            _forking.calling.discard(token)

    async def _enter(self, timeout_s: float) -> bool:
        if not self._gate.locked():
            return await self._gate.acquire()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._gate.acquire()
        except TimeoutError:
            return False

    def _unary(self, method: AnyMethod) -> Callable[..., Any]:
        call = self._calls.get(method)
        if call is None:
            call = self._calls[method] = self._channel.unary_unary(method.path)
        return call

    def open_write(self, method: AnyMethod, timeout_s: float) -> Any:
        """Starts a client stream."""
        return self._channel.stream_unary(method.path)(timeout=timeout_s, metadata=self._metadata)


def raise_if_not_ours() -> None:
    """Where a CancelledError was caught: raises Cancelled if it was the call that was cancelled, not this task.

    grpc.aio raises CancelledError out of calls whose channel is closed, which would look like a cancelled task.
    """
    task = asyncio.current_task()
    if task is not None and not task.cancelling():
        raise Cancelled("the client was closed during the call") from None


class AwaitableCore:
    """Holds the connections of an asynchronous client: one for each event loop that uses it, made at the first call."""

    def __init__(self, settings: Settings) -> None:
        self._async_settings = settings
        self._connections: dict[asyncio.AbstractEventLoop, AsyncConnection] | None = {}

    def _async_connected(self) -> AsyncConnection:
        """The connection of this process and event loop."""
        if self._connections is None:
            raise FailedPrecondition("this client is closed")
        loop = asyncio.get_running_loop()
        connection = self._connections.get(loop)
        if connection is not None and connection.pid == os.getpid():
            return connection
        for old_loop in [old for old in self._connections if old.is_closed()]:
            del self._connections[old_loop]
        self._connections[loop] = connection = AsyncConnection(self._async_settings)
        return connection

    async def _async_close(self) -> None:
        """Closes the connection of the running loop and refuses further calls."""
        connections, self._connections = self._connections, None
        connection = (connections or {}).get(asyncio.get_running_loop())
        if connection is not None and connection.pid == os.getpid():
            await connection.close()


def awaitable(
    plan: Callable[Concatenate[Session, _P], Plan[_Result]],
) -> Callable[Concatenate[AwaitableCore, _P], Coroutine[Any, Any, _Result]]:
    """The plan as a coroutine method."""

    async def method(self: AwaitableCore, /, *args: _P.args, **kwargs: _P.kwargs) -> _Result:
        connection = self._async_connected()
        return await connection.run(plan(connection.session, *args, **kwargs))

    return as_method(method, plan)


def awaitable_stream(
    plan: Callable[Concatenate[Session, _P], Generator[Effect, Any, None]],
) -> Callable[Concatenate[AwaitableCore, _P], AsyncIterator[bytes]]:
    """The plan as a method that returns an asynchronous iterator."""

    def method(self: AwaitableCore, /, *args: _P.args, **kwargs: _P.kwargs) -> AsyncIterator[bytes]:
        connection = self._async_connected()
        return connection.iterate(plan(connection.session, *args, **kwargs))

    return as_method(method, plan)
