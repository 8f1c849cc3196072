"""Runs everything that `./dev test` promises and counts it.

Called by ./dev with build/venv's Python, packages installed. Each step prints one line with its time; what a step said goes
to build/test-results/. The last line is always `N passed, N failed`, and the exit code is 0 only when nothing failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from case_counts import Counts, count_ctest, count_junit

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "test-results"
VENV = ROOT / "build" / "venv" / "bin"
TAIL_LINES = 80  # of a failed step's log: enough for a stack trace with its cause
PYTEST_SECONDS = 300  # for one test; it never gets there unless something hangs
# Folders of pytest tests that talk to a server. Each runs by itself, so that its own pyproject.toml or pytest.ini counts.
SERVER_TESTS = ("tests/e2e", "sdk/python/tests")
OWN_TESTS = ("tools/tests", "bench/tests")


@dataclass(frozen=True)
class Variant:
    """One build of the whole tree and how to run what it builds."""

    preset: str
    folder: str
    targets: tuple[str, ...] = ()  # empty: all
    ctest: tuple[str, ...] = ()
    server_tests: bool = True
    env: dict[str, str] = field(default_factory=dict)

    @property
    def build(self) -> Path:
        return ROOT / self.folder


def sanitizer_env(folder: str) -> dict[str, str]:
    """Reports go to files of their own: also those of a server that a test started and whose output nobody reads."""
    common = f"log_path={ROOT}/{folder}/sanitizer/report:print_stacktrace=1"
    suppressions = ROOT / "tools" / "sanitizers"
    return {
        "ASAN_OPTIONS": f"{common}:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": common,
        "LSAN_OPTIONS": f"suppressions={suppressions}/lsan.supp:print_suppressions=0",
        "TSAN_OPTIONS": f"{common}:suppressions={suppressions}/tsan.supp:second_deadlock_stack=1",
    }


RELEASE = Variant("release", "build", ctest=("-LE", "slow"))
ASAN = Variant("asan", "build-asan", ctest=("-LE", "slow|bench"), env=sanitizer_env("build-asan"))
TSAN = Variant(
    "tsan",
    "build-tsan",
    targets=("unit_tests",),
    ctest=("-L", "unit", "-LE", "slow"),
    server_tests=False,
    env=sanitizer_env("build-tsan"),
)


class Run:
    """The steps taken so far."""

    def __init__(self) -> None:
        self.total = Counts()

    def command(self, name: str, argv: list[str], env: dict[str, str] | None = None) -> int:
        """Runs `argv` with its output in the step's log. Returns its exit code."""
        with self.log(name).open("ab") as log:
            return subprocess.run(
                argv,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode

    def log(self, name: str) -> Path:
        return RESULTS / (re.sub(r"[^a-z0-9]+", "-", name.lower()) + ".log")

    def report(self, name: str, started: float, counts: Counts) -> bool:
        """Prints the step's line, and why it failed. Returns whether it passed."""
        self.total += counts
        verdict = f"ok, {counts.passed}"
        if counts.failed:
            verdict = f"FAILED, {counts.failed} of {counts.passed + counts.failed}"
        print(f"{name:<36} {verdict:<20} {time.monotonic() - started:7.1f} s", flush=True)
        if counts.failed:
            for failure in counts.failures:
                print(f"    {failure}")
            lines = self.log(name).read_text(errors="replace").splitlines()
            print("\n".join(f"    | {line[:240]}" for line in lines[-TAIL_LINES:]), flush=True)
        return counts.failed == 0

    def check(self, name: str, *commands: list[str]) -> bool:
        """A step that passes as a whole: all commands exit 0."""
        started = time.monotonic()
        ok = all(self.command(name, argv) == 0 for argv in commands)
        return self.report(name, started, Counts.of(ok, name))

    def lint(self) -> None:
        name, started = "lint", time.monotonic()
        code = self.command(name, [sys.executable, "tools/lint"])
        last = re.findall(r"^(\d+) passed, (\d+) failed$", self.log(name).read_text(), re.M)
        counts = Counts(int(last[-1][0]), int(last[-1][1])) if last else Counts.of(False, name)
        if code and not counts.failed:
            counts += Counts.of(False, name)
        self.report(name, started, counts)

    def variant(self, variant: Variant) -> None:
        """Builds one variant and runs its tests."""
        build = ["cmake", "--build", variant.folder]
        if variant.targets:
            build += ["--target", *variant.targets]
        if self.check(f"{variant.preset}: build", ["cmake", "--preset", variant.preset], build):
            reports = variant.build / "sanitizer"
            shutil.rmtree(reports, ignore_errors=True)
            reports.mkdir()
            self.ctest(variant)
            if variant.server_tests:
                for folder in SERVER_TESTS:
                    self.pytest(folder, variant)
            self.sanitizer_reports(variant)

    def ctest(self, variant: Variant) -> None:
        name, started = f"{variant.preset}: C++ tests", time.monotonic()
        xml = RESULTS / variant.preset
        argv = ["ctest", "--test-dir", variant.folder, *variant.ctest]
        argv += [
            "-j",
            str(os.cpu_count()),
            "--output-on-failure",
            "--output-junit",
            f"{xml}/ctest.xml",
        ]
        code = self.command(name, argv, {**variant.env, "GTEST_OUTPUT": f"xml:{xml}/gtest/"})
        self.report(name, started, count_ctest(xml / "ctest.xml", xml / "gtest", code))

    def pytest(self, folder: str, variant: Variant) -> None:
        if not list((ROOT / folder).glob("**/test_*.py")):
            return
        name, started = f"{variant.preset}: {folder}", time.monotonic()
        xml = RESULTS / variant.preset / (folder.replace("/", "-") + ".xml")
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=5"]
        argv += [f"--timeout={PYTEST_SECONDS}", f"--junitxml={xml}", folder]
        programs = variant.build / "bin"
        env = {"MEMGRIDD": f"{programs}/memgridd", "MEMGRID_BIN": str(programs), **variant.env}
        code = self.command(name, argv, env)
        self.report(name, started, count_junit(xml, code))

    def sanitizer_reports(self, variant: Variant) -> None:
        """A report that failed no test, such as one of a server in the background, is a failure of its own."""
        if not variant.env:
            return
        name, started = f"{variant.preset}: no reports", time.monotonic()
        reports = sorted((variant.build / "sanitizer").iterdir())
        with self.log(name).open("w") as log:
            for report in reports:
                log.write(f"{report.name}:\n{report.read_text(errors='replace')}\n")
        self.report(name, started, Counts.of(not reports, f"{len(reports)} reports"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--fast", action="store_true", help="leave out the sanitizers")
    fast = parser.parse_args().fast
    shutil.rmtree(RESULTS, ignore_errors=True)
    for variant in (RELEASE, ASAN, TSAN):
        (RESULTS / variant.preset / "gtest").mkdir(parents=True)

    run = Run()
    run.lint()
    for folder in OWN_TESTS:
        run.pytest(folder, RELEASE)
    run.variant(RELEASE)
    if not fast:
        run.variant(ASAN)
        run.variant(TSAN)
    print(f"{run.total.passed} passed, {run.total.failed} failed", flush=True)
    return 1 if run.total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
