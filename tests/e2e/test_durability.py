"""What was promised durable is there after SIGKILL; what was deleted stays away; a restart is the exact state after one write."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

import memgrid
from support import all_flushed, eventually, is_gone, write_config

FLUSH_MS = 200
CONFIG = f"""
[store.default]
filesize = "128M"
file = ["{{folder}}/default.0"]
flush-max-ms = {FLUSH_MS}
"""


def serve(store: memgrid.local_server.Store, folder: Path) -> memgrid.LocalServer:
    return memgrid.LocalServer(
        store, data_dir=folder / "data", args=write_config(folder, CONFIG.format(folder=folder))
    )


def crash(server: memgrid.LocalServer) -> None:
    server.kill()
    server.start()


def fill(client: memgrid.Client) -> dict[str, bytes]:
    """Keys of many sizes, overwritten and deleted; returns what must be there."""
    client.create_namespace("n")
    there: dict[str, bytes] = {}
    for number in range(120):
        name = f"key-{number % 90}"
        there[name] = os.urandom((number * 7919) % 3000)
        client.put_key("n", name, there[name])
    there["large"] = os.urandom(5_000_000)
    client.put_key("n", "large", there["large"])
    for number in range(0, 90, 3):
        client.delete_key("n", f"key-{number}")
        del there[f"key-{number}"]
    return there


def content(client: memgrid.Client) -> dict[str, bytes]:
    return {name: client.get_key("n", name) for name in client.list_keys("n")}


@pytest.mark.parametrize("store", ["shadow", "device"])
def test_keys_and_regions_survive_an_orderly_end(
    tmp_path: Path, store: memgrid.local_server.Store
) -> None:
    region = os.urandom(3_000_000)
    with serve(store, tmp_path) as server, memgrid.Client(server.address) as client:
        there = fill(client)
        client.allocate_memory("n", "r", 1 << 40)
        client.stream_write_memory("n", "r", 12_345, region)
        before = client.describe_memory("n", "r")
        versions = {name: client.get("n", name).version for name in there}
        assert server.stop() == 0
        server.start()
        assert content(client) == there
        assert {name: client.get("n", name).version for name in there} == versions
        assert client.describe_memory("n", "r") == before
        assert b"".join(client.stream_read_memory("n", "r", 12_345, len(region))) == region
        assert client.put_key("n", "new", b"") > max(versions.values())


def test_device_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with serve("device", tmp_path) as server, memgrid.Client(server.address) as client:
        there = fill(client)
        client.allocate_memory("n", "r", 0)
        client.write_memory("n", "r", 5000, b"acknowledged")
        for number in range(3):
            crash(server)
            assert content(client) == there
            assert client.read_memory("n", "r", 4999, 14 - 1) == b"\0acknowledged"
            there[f"after-{number}"] = b"x"
            client.put_key("n", f"after-{number}", b"x")


def test_device_loses_nothing_that_many_wrote_at_once(tmp_path: Path) -> None:
    with serve("device", tmp_path) as server:
        done: dict[str, int] = {}

        def write(thread: int) -> None:
            with memgrid.Client(server.address) as client:
                for number in range(10_000):
                    try:
                        client.put_key("n", f"t{thread}", str(number).encode(), timeout_ms=3000)
                    except memgrid.errors.MemgridError:
                        return
                    done[f"t{thread}"] = number

        with memgrid.Client(server.address) as client:
            client.create_namespace("n")
            threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
            for thread in threads:
                thread.start()
            eventually(lambda: len(done) == 8 and min(done.values()) > 50, 20)
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
            for name, number in done.items():
                assert int(client.get_key("n", name)) in (number, number + 1)


def test_shadow_loses_at_most_its_flush_time_and_ends_after_one_write(tmp_path: Path) -> None:
    acknowledged: list[float] = []
    with serve("shadow", tmp_path) as server, memgrid.Client(server.address) as client:
        client.create_namespace("n")
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            client.put_key("n", f"{len(acknowledged):08}", b"v")
            acknowledged.append(time.monotonic())
        killed = time.monotonic()
        crash(server)
        names = client.list_keys("n")
    assert names == [f"{number:08}" for number in range(len(names))], (
        "not the state after one write"
    )
    slack_s = 1.0  # the machine is shared; the bound is about the disk being written in time
    promised = sum(at < killed - FLUSH_MS / 1000 - slack_s for at in acknowledged)
    assert promised > 0
    assert len(names) >= promised


def test_shadow_keeps_what_was_flushed_and_deletes_stay(tmp_path: Path) -> None:
    with serve("shadow", tmp_path) as server, memgrid.Client(server.address) as client:
        there = fill(client)
        client.allocate_memory("n", "r", 100)
        client.write_memory("n", "r", 50, b"kept")
        client.allocate_memory("n", "freed", 100)
        client.free_memory("n", "freed")
        eventually(lambda: all_flushed(client))
        for _ in range(2):
            crash(server)
            assert content(client) == there
            assert client.read_memory("n", "r", 50, 4) == b"kept"
            assert client.list_memory_regions("n") == ["r"]


def test_expiry_goes_on_after_a_crash(tmp_path: Path) -> None:
    with serve("device", tmp_path) as server, memgrid.Client(server.address) as client:
        client.create_namespace("n")
        client.put_key("n", "short", b"v", ttl_ms=1000)
        client.put_key("n", "long", b"v", ttl_ms=3_600_000)
        crash(server)
        eventually(lambda: is_gone(client, "n", "short"))
        assert client.list_keys("n") == ["long"]
        crash(server)
        assert client.list_keys("n") == ["long"]


def test_memory_keeps_nothing(tmp_path: Path) -> None:
    with (
        memgrid.LocalServer("memory", data_dir=tmp_path) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        server.restart()
        assert "n" not in client.list_namespaces()
        assert [report.durability for report in client.store_status()] == ["memory"]
