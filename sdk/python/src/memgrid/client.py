"""`Client` and `AsyncClient`: the same calls, blocking and awaitable."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from memgrid import _settings
from memgrid._arrays import new_array
from memgrid._calls import AwaitableKeys, AwaitableMemory, BlockingKeys, BlockingMemory
from memgrid._settings import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from memgrid.region_file import Mode, RegionFile


class Client(BlockingKeys, BlockingMemory):
    """A connection to a server. One may be used by many threads; a forked child gets a connection of its own.

    `address`: HOST:PORT, else MEMGRID_ENDPOINT, else 127.0.0.1:50051. `token`: the credential, else MEMGRID_TOKEN.
    `timeout`: seconds that a call may take, retries included, unless it says `timeout_ms`.

    Calls raise the classes of `memgrid.errors`. UNAVAILABLE is tried again until the deadline, writes too: they carry
    an identity by which the server knows a repetition and does not do it twice.
    """

    def __init__(
        self, address: str | None = None, *, token: str | None = None, timeout: float = DEFAULT_TIMEOUT_S
    ) -> None:
        super().__init__(_settings.resolve(address, token, timeout))

    def open_region(self, namespace: str, name: str, mode: Mode = "r+b") -> RegionFile:
        """The region as an unbuffered binary file.

        `mode` as of `open`: "rb", "r+b", "w+b" (creates or empties it), "x+b" (creates it).
        """
        from memgrid.region_file import RegionFile

        return RegionFile(self, namespace, name, mode)

    def read_array(
        self,
        namespace: str,
        name: str,
        dtype: npt.DTypeLike,
        shape: int | tuple[int, ...],
        offset: int = 0,
        *,
        timeout_ms: int | None = None,
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """A numpy array filled from the region, from `offset` on. See `read_into`; write one with `write_memory`."""
        array = new_array(dtype, shape)
        self.read_into(namespace, name, array, offset, timeout_ms=timeout_ms)
        return array

    def close(self) -> None:
        """Cancels what is in flight; further calls are refused. Closing twice is fine."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(AwaitableKeys, AwaitableMemory):
    """As `Client`, with calls to be awaited. It may be made anywhere; each event loop that uses it gets a connection.

    A call may be cancelled at any point. Whether a cancelled write was done is not known.
    """

    def __init__(
        self, address: str | None = None, *, token: str | None = None, timeout: float = DEFAULT_TIMEOUT_S
    ) -> None:
        super().__init__(_settings.resolve(address, token, timeout))

    async def read_array(
        self,
        namespace: str,
        name: str,
        dtype: npt.DTypeLike,
        shape: int | tuple[int, ...],
        offset: int = 0,
        *,
        timeout_ms: int | None = None,
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """A numpy array filled from the region, from `offset` on. See `read_into`; write one with `write_memory`."""
        array = new_array(dtype, shape)
        await self.read_into(namespace, name, array, offset, timeout_ms=timeout_ms)
        return array

    async def close(self) -> None:
        """Cancels what is in flight on this event loop; further calls are refused. Closing twice is fine."""
        await self._async_close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
