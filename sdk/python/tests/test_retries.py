"""UNAVAILABLE is tried again until the deadline; everything else is told at once, in the server's words."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import grpc
import pytest
from peer import Peer, refuse

import memgrid
from memgrid._retry import Backoff, Deadline
from memgrid.v1.key_value_pb2 import GetKeyResponse, PutKeyResponse

CODES = [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)]


def class_name(code: grpc.StatusCode) -> str:
    return "".join(word.capitalize() for word in code.name.split("_"))


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_each_status_has_its_class_and_keeps_its_text(
    peer: Peer, client: memgrid.Client, code: grpc.StatusCode
) -> None:
    peer.on["GetKey"] = lambda request, context: refuse(context, code, 'key: "ä" is odd')
    with pytest.raises(getattr(memgrid.errors, class_name(code))) as caught:
        client.get_key("n", "k")
    assert str(caught.value) == 'key: "ä" is odd'
    assert caught.value.code is code
    assert isinstance(caught.value, memgrid.errors.MemgridError)
    assert len(peer.requests("GetKey")) == 1


def test_reads_are_tried_again(peer: Peer, client: memgrid.Client) -> None:
    refusals = iter([True, True, True, False])

    def get(request: Any, context: grpc.ServicerContext) -> GetKeyResponse:
        if next(refusals):
            refuse(context, grpc.StatusCode.UNAVAILABLE, "no leader")
        return GetKeyResponse(value=b"v")

    peer.on["GetKey"] = get
    assert client.get_key("n", "k") == b"v"


def test_the_servers_hint_is_waited_for(peer: Peer, client: memgrid.Client) -> None:
    times: list[float] = []

    def put(request: Any, context: grpc.ServicerContext) -> PutKeyResponse:
        times.append(time.monotonic())
        if len(times) == 1:
            refuse(context, grpc.StatusCode.UNAVAILABLE, "overload", retry_after_ms=300)
        return PutKeyResponse()

    peer.on["PutKey"] = put
    client.put_key("n", "k", b"v")
    assert times[1] - times[0] >= 0.3


def test_a_hint_behind_the_deadline_ends_the_call_at_once(peer: Peer, client: memgrid.Client) -> None:
    peer.on["PutKey"] = lambda request, context: refuse(context, grpc.StatusCode.UNAVAILABLE, "overload", 60_000)
    started = time.monotonic()
    with pytest.raises(memgrid.errors.Unavailable, match="overload") as caught:
        client.put_key("n", "k", b"v")
    assert time.monotonic() - started < 5
    assert caught.value.retry_after == 60
    assert not caught.value.outcome_unknown


def test_without_a_server_the_call_ends_with_its_deadline_and_nothing_was_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*unused.getsockname())
        with memgrid.Client(address) as client:
            started = time.monotonic()
            with pytest.raises(memgrid.errors.Unavailable) as caught:
                client.put_key("n", "k", b"v", timeout_ms=700)
            assert 0.1 < time.monotonic() - started < 2
            assert not caught.value.outcome_unknown


def test_a_connection_that_breaks_leaves_the_outcome_unknown(peer: Peer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        async def main() -> None:
            async with memgrid.AsyncClient("{}:{}".format(*listener.getsockname())) as client:
                await client.put_key("n", "k", b"v", timeout_ms=300)

        with pytest.raises(
            memgrid.errors.DeadlineExceeded, match=r"no answer within 0\.3 s.*outcome unknown"
        ) as caught:
            asyncio.run(main())
        assert caught.value.outcome_unknown


def test_a_refusal_after_a_broken_attempt_leaves_the_outcome_unknown(peer: Peer, client: memgrid.Client) -> None:
    codes = iter([grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED])
    peer.on["PutKey"] = lambda request, context: refuse(context, next(codes), "no")
    with pytest.raises(memgrid.errors.Unauthenticated, match="outcome unknown") as caught:
        client.put_key("n", "k", b"v")
    assert caught.value.outcome_unknown


def test_a_negative_timeout_is_refused(client: memgrid.Client) -> None:
    with pytest.raises(memgrid.errors.InvalidArgument, match="timeout_ms: -5"):
        client.get("n", "k", timeout_ms=-5)


def test_the_deadline_is_the_callers(peer: Peer, client: memgrid.Client) -> None:
    left: list[float] = []

    def get(request: Any, context: grpc.ServicerContext) -> GetKeyResponse:
        left.append(context.time_remaining() or 0)
        return GetKeyResponse()

    peer.on["GetKey"] = get
    client.get_key("n", "k", timeout_ms=2500)
    client.get_key("n", "k")
    assert 2 < left[0] <= 2.6
    assert 9 < left[1] <= 10.1


def test_pauses_double_up_to_a_second_and_are_shaken() -> None:
    backoff = Backoff()
    pauses = [backoff.pause_s(None) for _ in range(12)]
    assert 0.01 <= pauses[0] <= 0.02
    assert all(0.5 <= pause <= 1.0 for pause in pauses[7:])
    assert len(set(pauses)) == len(pauses)
    assert 2.5 <= backoff.pause_s(2.0) <= 3.0


def test_a_deadline_never_goes_below_zero() -> None:
    assert Deadline(0.0).left_s() == 0.0
