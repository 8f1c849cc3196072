"""Calls on namespaces and keys. Each is a plan (`_session.py`); the clients' methods are made from these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memgrid import _methods as methods
from memgrid._buffers import flat_view
from memgrid._session import AnyMethod, Plan, Session
from memgrid._wire import make
from memgrid.errors import InvalidArgument
from memgrid.types import Consistency, Value
from memgrid.v1 import admin_pb2, key_value_pb2

if TYPE_CHECKING:
    from memgrid._buffers import BytesLike

_PUT_KEY_VALUE = key_value_pb2.PutKeyRequest.VALUE_FIELD_NUMBER
#: The most names that the server puts on a page.
_PAGE = 10_000


def create_namespace(session: Session, namespace: str, *, timeout_ms: int | None = None) -> Plan[None]:
    """Creates a namespace that belongs to the caller's credential; one that is already theirs is left as it is.

    AlreadyExists if it is somebody else's.
    """
    request = make(key_value_pb2.CreateNamespaceRequest, namespace=namespace)
    yield from session.call(methods.CREATE_NAMESPACE, request, timeout_ms)


def list_namespaces(session: Session, prefix: str = "", *, timeout_ms: int | None = None) -> Plan[list[str]]:
    """The namespaces that the caller may see, in byte order."""
    request = make(admin_pb2.ListNamespacesRequest, prefix=prefix)
    answer = yield from session.call(methods.LIST_NAMESPACES, request, timeout_ms)
    return list(answer.namespaces)


def store_status(
    session: Session, store: str = "", *, timeout_ms: int | None = None
) -> Plan[list[admin_pb2.StoreReport]]:
    """Space, wblocks and durability of one store, or of all."""
    request = make(admin_pb2.StoreStatusRequest, store=store)
    answer = yield from session.call(methods.STORE_STATUS, request, timeout_ms)
    return list(answer.stores)


def put_key(
    session: Session,
    namespace: str,
    key: str,
    value: BytesLike,
    *,
    ttl_ms: int | None = None,
    timeout_ms: int | None = None,
) -> Plan[int]:
    """Stores `value` (16 MiB at most) and returns its version, replacing what was there and its expiry.

    `ttl_ms`: milliseconds to live, 0 for ever; without it the namespace's default.
    """
    view = flat_view(value, "value")
    request = make(key_value_pb2.PutKeyRequest, key=key, namespace=namespace, ttl_ms=ttl_ms)
    answer = yield from session.call_with_bytes(methods.PUT_KEY, request, _PUT_KEY_VALUE, view, timeout_ms)
    return answer.version


def get(
    session: Session,
    namespace: str,
    key: str,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[Value]:
    """The value of a key with its version. NotFound if there is none."""
    request = make(
        key_value_pb2.GetKeyRequest, key=key, namespace=namespace, consistency=consistency, min_version=min_version
    )
    answer = yield from session.call(methods.GET_KEY, request, timeout_ms)
    return Value(answer.value, answer.version)


def get_key(
    session: Session,
    namespace: str,
    key: str,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[bytes]:
    """The value of a key. NotFound if there is none."""
    found = yield from get(
        session, namespace, key, consistency=consistency, min_version=min_version, timeout_ms=timeout_ms
    )
    return found.value


def delete_key(session: Session, namespace: str, key: str, *, timeout_ms: int | None = None) -> Plan[None]:
    """Removes a key; removing what is not there succeeds."""
    request = make(key_value_pb2.DeleteKeyRequest, key=key, namespace=namespace)
    yield from session.call(methods.DELETE_KEY, request, timeout_ms)


def list_keys(
    session: Session,
    namespace: str,
    prefix: str = "",
    limit: int | None = None,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[list[str]]:
    """The names of the keys that begin with `prefix`, in byte order: all of them, or the first `limit`.

    Names come in pages; each page has the time of a call.
    """
    request = make(
        key_value_pb2.ListKeysRequest,
        prefix=prefix,
        namespace=namespace,
        consistency=consistency,
        min_version=min_version,
    )
    return (yield from follow_pages(session, methods.LIST_KEYS, request, limit, timeout_ms))


def compare_and_swap(
    session: Session,
    namespace: str,
    key: str,
    expected_value: BytesLike | None = None,
    new_value: BytesLike | None = None,
    *,
    expect_absent: bool = False,
    expected_version: int | None = None,
    ttl_ms: int | None = None,
    timeout_ms: int | None = None,
) -> Plan[bool]:
    """Stores `new_value` if the key is as expected, in one step. False, and nothing done, if it is not.

    Exactly one expectation: `expected_value` (the value), `expected_version` (its version), or `expect_absent=True`
    (there is no such key). An absent key has no value: expecting one is False.
    """
    if new_value is None:
        raise TypeError("new_value: a value is needed")
    if (expected_value is not None) + (expected_version is not None) + bool(expect_absent) != 1:
        raise InvalidArgument("exactly one of expected_value, expected_version and expect_absent is needed")
    request = make(
        key_value_pb2.CompareAndSwapRequest,
        key=key,
        namespace=namespace,
        expected=None if expected_value is None else bytes(flat_view(expected_value, "expected_value")),
        newValue=bytes(flat_view(new_value, "new_value")),
        expect_absent=expect_absent,
        expected_version=expected_version,
        ttl_ms=ttl_ms,
    )
    answer = yield from session.call(methods.COMPARE_AND_SWAP, request, timeout_ms)
    return answer.swapped


def follow_pages(
    session: Session, method: AnyMethod, request: Any, limit: int | None, timeout_ms: int | None
) -> Plan[list[str]]:
    """Asks for page after page until `limit` names have come, or the end."""
    if limit is not None and limit < 0:
        raise InvalidArgument(f"limit: {limit} is negative")
    names: list[str] = []
    while limit is None or len(names) < limit:
        request.limit = _PAGE if limit is None else min(_PAGE, limit - len(names))
        page = yield from session.call(method, request, timeout_ms)
        names.extend(page.keys)
        if not page.next_cursor:
            break
        request.cursor = page.next_cursor
    return names
