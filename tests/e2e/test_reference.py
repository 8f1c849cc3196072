"""Pages that are made from tables of the program are what the program says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from memgrid.local_server import find_server

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(("flag", "page"), [("--print-settings", "settings.md"), ("--print-metrics", "metrics.md")])
def test_the_page_is_the_table(flag: str, page: str) -> None:
    said = subprocess.run([find_server(), flag], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "reference" / page).read_text() == said, f"memgridd {flag} > docs/reference/{page}"
