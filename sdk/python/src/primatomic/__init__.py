"""primatomic: the client whose key calls block and whose memory calls are awaited, on one object.

A thin package over `memgrid`, for programs written against that name.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from memgrid import _settings, errors
from memgrid._calls import AwaitableMemory, BlockingKeys

__all__ = ["Client", "errors"]


class Client(BlockingKeys, AwaitableMemory):
    """A connection to a server: `client.put_key(...)` blocks, `await client.write_memory(...)` does not.

    `address`: HOST:PORT, else PRIMATOMIC_ENDPOINT or MEMGRID_ENDPOINT. `credential` and `jwt_token` are two names of
    one thing, a JWT; without either, PRIMATOMIC_TOKEN or MEMGRID_TOKEN. See `memgrid.Client` and `memgrid.AsyncClient`.
    """

    def __init__(
        self,
        address: str | None = None,
        credential: str | None = None,
        *,
        jwt_token: str | None = None,
        timeout: float = _settings.DEFAULT_TIMEOUT_S,
    ) -> None:
        if credential is not None and jwt_token is not None:
            raise TypeError("credential and jwt_token are the same thing: give one of them")
        settings = _settings.resolve(address, credential if credential is not None else jwt_token, timeout)
        BlockingKeys.__init__(self, settings)
        AwaitableMemory.__init__(self, settings)

    def close(self) -> None:
        """Cancels the blocking calls in flight; further ones are refused. `aclose` closes the awaitable ones too."""
        self._close()

    async def aclose(self) -> None:
        """Closes all of it."""
        self._close()
        await self._async_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
