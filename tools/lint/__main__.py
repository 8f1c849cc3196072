"""`./dev lint`: holds the tree to STYLE.md. `python3 tools/lint [CHECK...]` runs without anything installed.

Each check is a module of this folder with a docstring that says what it asks for and a function `check(tree)` that yields
findings. A finding that cannot be mended now stands in exceptions.txt; that list only shrinks.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import blobs
import calls
import headers
import layers
import links
import names
import registered
import sizes
import sleeps
import unfinished
from exceptions_list import Exceptions
from tree import Finding, Tree

CHECKS = (layers, calls, sizes, headers, names, unfinished, sleeps, links, blobs, registered)
ROOT = Path(__file__).resolve().parents[2]


def run_check(module, tree: Tree, exceptions: Exceptions) -> list[Finding]:
    name = module.__name__
    return exceptions.filter(name, list(module.check(tree)))


def python_tools(root: Path) -> dict[str, list[str]]:
    """Linters for Python that build/venv has; a machine without it runs the other checks."""
    venv = root / "build" / "venv" / "bin"
    commands: dict[str, list[str]] = {}
    if (venv / "ruff").exists():
        commands["ruff"] = [str(venv / "ruff"), "check", "--quiet", "."]
    if (venv / "mypy").exists() and (root / "sdk" / "python" / "src").is_dir():
        # As installed: there the generated messages lie beside what uses them.
        commands["mypy"] = [str(venv / "mypy"), "--strict", "-p", "memgrid", "-p", "primatomic"]
    return commands


def main(wanted: list[str]) -> int:
    tree = Tree(ROOT)
    exceptions = Exceptions(ROOT / "tools" / "lint" / "exceptions.txt")
    passed = failed = 0
    for module in CHECKS:
        if wanted and module.__name__ not in wanted:
            continue
        findings = run_check(module, tree, exceptions)
        for finding in findings:
            print(f"{finding.path}:{finding.line}: {module.__name__}: {finding.message}")
        passed, failed = passed + (not findings), failed + bool(findings)
    for name, command in python_tools(ROOT).items():
        if not wanted or name in wanted:
            ok = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
            passed, failed = passed + ok, failed + (not ok)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
