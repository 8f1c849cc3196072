"""When there is no room: writes are refused and say so, reads and deletes go on, and writes come back when room does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import memgrid
from memgrid import errors
from support import MiB, all_flushed, eventually, write_config

VALUE = os.urandom(200_000)


def fill(client: memgrid.Client) -> list[str]:
    """Puts until a put is refused; returns the names of those that were not."""
    names: list[str] = []
    with pytest.raises(errors.ResourceExhausted) as caught:
        while len(names) < 5000:
            client.put_key("n", f"k{len(names):05}", VALUE)
            names.append(f"k{len(names):05}")
    assert str(caught.value)
    assert not caught.value.outcome_unknown
    return names


def fill_the_rest(client: memgrid.Client) -> list[str]:
    """As `fill`, with small values: a large one is refused before a small one is."""
    names: list[str] = []
    with pytest.raises(errors.ResourceExhausted):
        while len(names) < 5000:
            client.put_key("n", f"small{len(names):05}", VALUE[:1000])
            names.append(f"small{len(names):05}")
    return names


def can_write(client: memgrid.Client) -> bool:
    try:
        client.put_key("n", "again", VALUE)
    except errors.ResourceExhausted:
        return False
    return True


def check_what_goes_on(client: memgrid.Client, names: list[str]) -> None:
    """Reads, lists and deletes; then writes come back within ten seconds."""
    assert client.list_keys("n") == names
    assert all(VALUE.startswith(client.get_key("n", name)) for name in names[::17])
    with pytest.raises(errors.ResourceExhausted):
        client.put_key("n", "more", VALUE)
    with pytest.raises(errors.NotFound):
        client.get("n", "more")
    for name in names[: len(names) * 3 // 4]:
        client.delete_key("n", name)
    eventually(lambda: can_write(client), 10)
    assert client.get_key("n", names[-1]) == VALUE[:1000]


@pytest.mark.parametrize("store", ["memory", "shadow"])
def test_a_full_store(tmp_path: Path, store: memgrid.local_server.Store) -> None:
    size = (
        'data-size = "96M"'
        if store == "memory"
        else f'filesize = "96M"\nfile = ["{tmp_path}/default.0"]'
    )
    arguments = write_config(tmp_path, f"[store.default]\n{size}\n")
    with (
        memgrid.LocalServer(store, data_dir=tmp_path / "data", args=arguments) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        names = fill(client)
        assert len(names) * len(VALUE) > 40 * MiB
        names += fill_the_rest(client)
        (report,) = client.store_status()
        assert report.stop_writes
        assert report.stop_writes_reason
        check_what_goes_on(client, names)
        if store == "shadow":
            there = client.list_keys("n")
            server.restart()
            assert client.list_keys("n") == there


def test_a_full_region_store(tmp_path: Path) -> None:
    arguments = write_config(tmp_path, '[store.default]\ndata-size = "96M"\n')
    with (
        memgrid.LocalServer(data_dir=tmp_path / "data", args=arguments) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        client.allocate_memory("n", "r", 1 << 40)
        written = 0
        with pytest.raises(errors.ResourceExhausted):
            while written < 1 << 30:
                client.write_memory("n", "r", written, VALUE)
                written += len(VALUE)
        assert client.read_memory("n", "r", 0, len(VALUE)) == VALUE
        assert client.describe_memory("n", "r").data_length == written
        client.free_memory("n", "r")
        eventually(lambda: can_write(client), 10)


@pytest.mark.parametrize("store", ["memory", "shadow", "device"])
def test_much_more_is_overwritten_than_fits(
    tmp_path: Path, store: memgrid.local_server.Store
) -> None:
    """What is overwritten becomes room again, while it is read and, where there are files, through a crash."""
    size = (
        'data-size = "64M"'
        if store == "memory"
        else f'filesize = "64M"\nfile = ["{tmp_path}/default.0"]'
    )
    arguments = write_config(tmp_path, f"[store.default]\n{size}\nflush-max-ms = 100\n")
    with (
        memgrid.LocalServer(store, data_dir=tmp_path / "data", args=arguments) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        client.allocate_memory("n", "r", 0)
        there = {f"k{number}": b"" for number in range(40)}
        for turn in range(400 if store == "device" else 1000):  # a device takes its time
            name = f"k{turn * 7 % 40}"
            there[name] = turn.to_bytes(4, "big") + VALUE[turn:]
            client.put_key("n", name, there[name])
            client.write_memory("n", "r", turn * 4097 % (8 * MiB), VALUE[: turn * 50])
            older = f"k{turn * 3 % 40}"
            if there[older]:
                assert client.get_key("n", older) == there[older]
        region = b"".join(client.stream_read_memory("n", "r"))
        if store != "memory":
            eventually(lambda: all_flushed(client))
            server.kill()
            server.start()
        assert {name: client.get_key("n", name) for name in client.list_keys("n")} == there
        assert b"".join(client.stream_read_memory("n", "r")) == region


def test_a_quota(tmp_path: Path) -> None:
    arguments = write_config(tmp_path, "[namespace.n]\nquota-bytes = 1000000\n")
    with (
        memgrid.LocalServer(data_dir=tmp_path / "data", args=arguments) as server,
        memgrid.Client(server.address) as client,
    ):
        names = fill(client)
        assert len(names) == 4
        client.create_namespace("other")
        client.put_key("other", "k", VALUE)
        client.delete_key("n", names[0])
        client.put_key("n", "k", VALUE)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[str]:
    """A program that runs memgridd with `tmp_path/disk` on a file system of 160 MiB that only it sees."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=160M none {disk}"
    if subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine does not let a test mount a small file system")
    program = tmp_path / "memgridd"
    program.write_text(
        f'#!/bin/sh\nexec unshare -rm sh -c \'{mount} && exec "$0" "$@"\' {os.environ["MEMGRIDD"]} "$@"\n'
    )
    program.chmod(0o755)
    yield str(program)
    shutil.rmtree(disk)


def fill_disk(ballast: Path) -> None:
    """Writes a file until the disk has no room for more of it."""
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(MiB))


def test_a_full_disk(small_disk: str, tmp_path: Path) -> None:
    """The shadow file is sparse and larger than the disk; a file of somebody else takes the rest, and goes away."""
    config = f'[store.default]\nfilesize = "256M"\nfile = ["{tmp_path}/disk/default.0"]\nflush-max-ms = 100\n'
    with (
        memgrid.LocalServer(
            "shadow",
            program=small_disk,
            data_dir=tmp_path / "data",
            args=write_config(tmp_path, config),
        ) as server,
        memgrid.Client(server.address) as client,
    ):
        ballast = Path(f"/proc/{server.pid}/root{tmp_path}/disk/ballast")
        fill_disk(ballast)
        client.create_namespace("n")
        names = fill(client)
        assert len(names) * len(VALUE) > 10 * MiB
        assert client.list_keys("n") == names
        assert {client.get_key("n", name) for name in names[::7]} == {VALUE}
        client.delete_key("n", names.pop())
        ballast.unlink()
        eventually(lambda: can_write(client), 15)
        assert client.list_keys("n") == ["again", *names]
