"""How a server starts, refuses to start, and ends."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

import memgrid
from support import all_flushed, eventually, is_gone, write_config

QUIET = ("--http", "off")


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail."""
    program = os.environ["MEMGRIDD"]
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=30, cwd=cwd
    )


def refused(config: str, folder: Path, *arguments: str) -> str:
    """The one line that refuses a configuration."""
    done = run(
        *write_config(folder, config),
        "--data-dir",
        str(folder / "data"),
        "--grpc",
        "127.0.0.1:0",
        *arguments,
    )
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (folder / "data").exists()
    return done.stderr


def test_ready_names_its_doors(tmp_path: Path) -> None:
    program = os.environ["MEMGRIDD"]
    arguments = [
        "--data-dir",
        str(tmp_path),
        "--store",
        "memory",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ]
    process = subprocess.Popen(
        [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert re.fullmatch(r"ready grpc=127\.0\.0\.1:\d+ http=127\.0\.0\.1:\d+\n", line)
    process.terminate()
    assert process.wait(20) == 0
    assert process.stdout.read() == ""


def test_all_flags_may_be_off(tmp_path: Path) -> None:
    off = [word for door in ("redis", "http", "nvme", "raft") for word in (f"--{door}", "off")]
    with (
        memgrid.LocalServer(data_dir=tmp_path, args=off) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        with pytest.raises(KeyError):
            _ = server.http_address


@pytest.mark.parametrize("door", ["redis", "nvme", "raft"])
def test_a_door_that_is_not_built_is_refused(tmp_path: Path, door: str) -> None:
    done = run("--data-dir", str(tmp_path / "data"), f"--{door}", "127.0.0.1:0")
    assert done.returncode == 2
    assert door in done.stderr
    assert f"--{door}" not in run("--help").stdout


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            "[store.default]\nflush-max-mz = 5\n",
            ["memgrid.toml", "2", "flush-max-mz", "flush-max-ms"],
        ),
        ("[store.default]\nflush-max-ms = 0\n", ["memgrid.toml", "2", "flush-max-ms", "60000"]),
        ("\n[store.default]\nflush-max-ms = 60001\n", ["3", "flush-max-ms", "60000"]),
        ('[store.default]\nflush-max-ms = "soon"\n', ["2", "flush-max-ms"]),
        ('[store.default]\ncommit-to-device = "yes"\n', ["2", "commit-to-device", "true"]),
        ("[store.default]\ndefrag-lwm-pct = 100\n", ["defrag-lwm-pct", "99"]),
        ('[store.default]\ndata-size = "1M"\n', ["data-size", "64M"]),
        ('[stor.default]\nfilesize = "1G"\n', ["stor", "store"]),
        ('[auth]\nmode = "basic"\n', ["mode", "jwt"]),
        ("[store.default\n", ["memgrid.toml", "1"]),
        ('[namespace.n]\nstore = "elsewhere"\n', ["elsewhere"]),
    ],
)
def test_a_bad_configuration_is_one_line_and_leaves_nothing(
    tmp_path: Path, config: str, says: list[str]
) -> None:
    line = refused(config, tmp_path)
    assert all(word in line for word in says), line


@pytest.mark.parametrize(
    "arguments",
    [["--stroe", "memory"], ["--store", "disk"], ["--grpc", "nowhere"], ["--config"], ["surplus"]],
)
def test_a_bad_command_line_is_exit_2(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    done = run("--config", str(tmp_path / "none.toml"))
    assert done.returncode == 2
    assert "none.toml" in done.stderr


@pytest.mark.parametrize("open_door", ["--grpc", "--http"])
def test_off_loopback_needs_authentication(tmp_path: Path, open_door: str) -> None:
    doors = {"--grpc": "127.0.0.1:0", "--http": "127.0.0.1:0", open_door: "0.0.0.0:0"}
    done = run(
        "--data-dir", str(tmp_path / "data"), *(word for door in doors.items() for word in door)
    )
    assert done.returncode == 2
    assert "--auth" in done.stderr
    assert "--insecure" in done.stderr


def test_off_loopback_insecure_is_allowed(tmp_path: Path) -> None:
    arguments = ["--grpc", "0.0.0.0:0", "--insecure"]
    with memgrid.LocalServer(data_dir=tmp_path, args=arguments) as server:
        port = server.address.rpartition(":")[2]
        with memgrid.Client(f"127.0.0.1:{port}") as client:
            client.create_namespace("n")


@pytest.mark.parametrize("store", ["memory", "shadow"])
def test_a_data_folder_has_one_server(tmp_path: Path, store: memgrid.local_server.Store) -> None:
    with (
        memgrid.LocalServer(store, data_dir=tmp_path) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        done = run("--data-dir", str(tmp_path), "--store", store, "--grpc", "127.0.0.1:0", *QUIET)
        assert done.returncode == 1
        assert str(tmp_path) in done.stderr
        assert len(done.stderr.splitlines()) <= 20
        client.put_key("n", "k", b"v")
        server.kill()
        server.start()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        done = run("--data-dir", str(tmp_path), "--store", "memory", "--grpc", address, *QUIET)
    assert done.returncode == 1
    assert address in done.stderr


def test_configured_namespaces_exist_and_have_their_time_to_live(tmp_path: Path) -> None:
    arguments = write_config(tmp_path, "[namespace.brief]\ndefault-ttl-ms = 250\n")
    with (
        memgrid.LocalServer(data_dir=tmp_path / "data", args=arguments) as server,
        memgrid.Client(server.address) as client,
    ):
        assert client.list_namespaces() == ["brief"]
        client.put_key("brief", "by default", b"v")
        client.put_key("brief", "longer", b"v", ttl_ms=3_600_000)
        client.put_key("brief", "for ever", b"v", ttl_ms=0)
        eventually(lambda: is_gone(client, "brief", "by default"))
        assert client.list_keys("brief") == ["for ever", "longer"]


class TestDamagedShadow:
    """A shadow file that cannot be trusted stops the start, is named, and is left as it is."""

    CONFIG = '[store.default]\nfilesize = "64M"\nfile = ["{}"]\n'

    @pytest.fixture
    def shadow(self, tmp_path: Path) -> Path:
        """A shadow file with something in it, of a server that has ended."""
        file = tmp_path / "default.0"
        with (
            memgrid.LocalServer(
                "shadow", data_dir=tmp_path / "data", args=self.arguments(file)
            ) as server,
            memgrid.Client(server.address) as client,
        ):
            client.create_namespace("n")
            for number in range(200):
                client.put_key("n", f"k{number}", os.urandom(2000))
            eventually(lambda: all_flushed(client))
        return file

    def arguments(self, file: Path) -> list[str]:
        return write_config(file.parent, self.CONFIG.format(file))

    def start(self, file: Path) -> str:
        """A start that must be refused; returns what it says."""
        before = hashlib.sha256(file.read_bytes()).digest()
        done = run(
            *self.arguments(file),
            "--data-dir",
            str(file.parent / "data"),
            "--grpc",
            "127.0.0.1:0",
            *QUIET,
        )
        assert done.returncode == 1, done
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) <= 20
        assert str(file) in done.stderr
        assert hashlib.sha256(file.read_bytes()).digest() == before
        return done.stderr

    def test_foreign(self, shadow: Path) -> None:
        shadow.write_bytes(b"#!/bin/sh\n" + os.urandom(1 << 20))
        assert re.search("foreign|truncated|corrupt", self.start(shadow))

    def test_foreign_of_the_right_size(self, shadow: Path) -> None:
        size = shadow.stat().st_size
        with shadow.open("wb") as file:
            file.write(b"something else entirely")
            file.truncate(size)
        assert re.search("foreign|corrupt", self.start(shadow))

    def test_truncated(self, shadow: Path) -> None:
        os.truncate(shadow, shadow.stat().st_size // 2)
        assert "truncated" in self.start(shadow)

    def test_flipped_headers(self, shadow: Path) -> None:
        with shadow.open("r+b") as file:
            start = bytearray(file.read(1 << 20))
            file.seek(0)
            file.write(bytes(byte ^ 0x55 if byte else 0 for byte in start))
        assert re.search("foreign|corrupt|checksum", self.start(shadow))

    def test_one_flipped_bit_of_a_value_serves_nothing_wrong(self, shadow: Path) -> None:
        """Either the start is refused, or what is damaged is refused when it is read, and told in the log."""
        needle = self.a_value(shadow)
        with shadow.open("r+b") as file:
            file.seek(needle)
            byte = file.read(1)[0]
            file.seek(needle)
            file.write(bytes([byte ^ 4]))
        server = memgrid.LocalServer(
            "shadow", data_dir=shadow.parent / "data", args=self.arguments(shadow)
        )
        try:
            with server, memgrid.Client(server.address) as client:
                ends = [self.end_of(client, f"k{number}") for number in range(200)]
                assert re.search("checksum|corrupt", server.log())
            assert ends.count("DataLoss") >= 1
            assert set(ends) <= {"ok", "DataLoss"}
        except memgrid.errors.Unavailable as failed:
            assert re.search("checksum|corrupt", str(failed))  # one of two allowed ends

    @staticmethod
    def a_value(shadow: Path) -> int:
        """Where on the file some random value lies: well inside a long run of bytes without zeros."""
        found = re.search(rb"[^\0]{600}", shadow.read_bytes()[1 << 20 :])
        assert found is not None
        return (1 << 20) + found.start() + 300

    @staticmethod
    def end_of(client: memgrid.Client, key: str) -> str:
        try:
            return "ok" if len(client.get_key("n", key)) == 2000 else "short"
        except memgrid.errors.MemgridError as error:
            return type(error).__name__
