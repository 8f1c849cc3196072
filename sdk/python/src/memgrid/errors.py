"""What a call can end with: one class per gRPC status code, all under `MemgridError`.

`str(error)` is the server's text, which names the argument and the limit. Choose by what to do next:
`InvalidArgument`, `OutOfRange`, `FailedPrecondition`: the call is wrong as it stands; `NotFound`, `AlreadyExists`: look
at the state; `ResourceExhausted`: make room; `Unavailable`: the SDK has already retried until the deadline; where
`outcome_unknown` is set, a write may or may not have been done.
"""

from __future__ import annotations

from typing import ClassVar, Final

import grpc

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "ForkedError",
    "Internal",
    "InvalidArgument",
    "MemgridError",
    "NotFound",
    "OutOfRange",
    "PermissionDenied",
    "ResourceExhausted",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unknown",
]


class MemgridError(Exception):
    """A call that did not succeed. Caught by its name, it covers every status."""

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN

    #: The server's text, or the SDK's where the server gave no answer.
    details: str
    #: Seconds after which the server asks to be tried again; None where it says nothing.
    retry_after: float | None
    #: True if a write may have been done although it failed (no answer came). Always False for reads.
    outcome_unknown: bool

    def __init__(self, details: str, *, retry_after: float | None = None, outcome_unknown: bool = False) -> None:
        super().__init__(details)
        self.details = details
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown


class Cancelled(MemgridError):
    """The call was cancelled."""

    code = grpc.StatusCode.CANCELLED


class Unknown(MemgridError):
    """The server, or something between, answered with a status that says nothing."""

    code = grpc.StatusCode.UNKNOWN


class InvalidArgument(MemgridError, ValueError):
    """An argument can never be accepted; the text names it and its limit."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class DeadlineExceeded(MemgridError, TimeoutError):
    """No answer came in time."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class NotFound(MemgridError, LookupError):
    """There is no such namespace, key or region, or it is not yours."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(MemgridError):
    """The name is taken."""

    code = grpc.StatusCode.ALREADY_EXISTS


class PermissionDenied(MemgridError):
    """You may see it, but not do this."""

    code = grpc.StatusCode.PERMISSION_DENIED


class ResourceExhausted(MemgridError):
    """No space, a quota, or a message over the limit. Reads and deletes still work."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class FailedPrecondition(MemgridError):
    """The state does not allow this call, for example the wrong kind of value."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Aborted(MemgridError):
    """The call was disturbed too often by others; it may be tried again from the start."""

    code = grpc.StatusCode.ABORTED


class OutOfRange(MemgridError):
    """A range lies outside the region or outside what can be addressed."""

    code = grpc.StatusCode.OUT_OF_RANGE


class Unimplemented(MemgridError):
    """The server does not know this call."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Internal(MemgridError):
    """An answer that breaks the protocol, or a fault of the server."""

    code = grpc.StatusCode.INTERNAL


class Unavailable(MemgridError):
    """No server, no leader, or overload, until the deadline and in spite of retries."""

    code = grpc.StatusCode.UNAVAILABLE


class DataLoss(MemgridError):
    """What is stored is damaged, and the server refuses to guess."""

    code = grpc.StatusCode.DATA_LOSS


class Unauthenticated(MemgridError):
    """No credential, or one that is bad or has expired."""

    code = grpc.StatusCode.UNAUTHENTICATED


class ForkedError(MemgridError):
    """This process was made by fork() at a moment or in a way that leaves gRPC unusable; the text says which."""

    code = grpc.StatusCode.FAILED_PRECONDITION


BY_CODE: Final[dict[grpc.StatusCode, type[MemgridError]]] = {
    cls.code: cls for cls in MemgridError.__subclasses__() if cls is not ForkedError
}
