"""LocalServer finds, starts and ends its program. The program is a script here, so that it can end in every way."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

import memgrid
from memgrid import local_server

SERVING = """
import signal, sys
print("starting", sys.argv[1:], file=sys.stderr, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready grpc=127.0.0.1:4711 http=[::1]:4712", flush=True)
signal.pause()
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "memgridd"
    monkeypatch.setenv("MEMGRIDD", str(path))
    write(path, SERVING)
    return path


def write(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_it_is_ready_inside_the_block_and_gone_behind_it(program: Path) -> None:
    with memgrid.LocalServer() as server:
        assert server.address == "127.0.0.1:4711"
        assert server.http_address == "[::1]:4712"
        assert server.data_dir.is_dir()
        assert "'--store', 'memory'" in server.log()
        pid = server.pid
    assert not server.data_dir.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_second_start_is_on_the_same_port_and_the_same_data(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with memgrid.LocalServer("shadow", data_dir=folder, args=["--http", "off"]) as server:
        assert server.kill() == -9
        server.start()
        assert server.stop() == 0
        server.start()
        first, *_, last = server.log().splitlines()
    assert "127.0.0.1:0" in first
    assert "127.0.0.1:4711" in last
    assert "'--http', 'off'" in last
    assert folder.exists()


def test_a_program_that_ends_says_why(program: Path) -> None:
    write(program, 'import sys; print("store: bad size", file=sys.stderr); sys.exit(2)')
    with pytest.raises(memgrid.errors.Unavailable, match=r"exit code 2\nstore: bad size"), memgrid.LocalServer():
        pass


def test_a_program_that_is_never_ready_is_given_up(program: Path) -> None:
    write(program, "import signal; signal.pause()")
    with (
        pytest.raises(memgrid.errors.Unavailable, match="not ready within"),
        memgrid.LocalServer(start_timeout=0.3),
    ):
        pass


def test_the_program_is_looked_for_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEMGRIDD", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "build" / "venv"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    with pytest.raises(FileNotFoundError, match="MEMGRIDD"):
        local_server.find_server()
    for folder in ("path", "build/bin"):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder / "memgridd", "")
        assert local_server.find_server() == str(tmp_path / folder / "memgridd")
