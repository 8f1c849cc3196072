"""Counting: what failed is never missed, and nothing is counted twice."""

from __future__ import annotations

from pathlib import Path

from case_counts import count_ctest, count_junit

GTEST = """<testsuites tests="4" failures="1"><testsuite name="S">
<testcase name="a" status="run" result="completed" classname="S" />
<testcase name="b" status="run" result="completed" classname="S"><failure message="m"/></testcase>
<testcase name="c" status="notrun" result="suppressed" classname="S" />
<testcase name="d" status="run" result="skipped" classname="S"><skipped/></testcase>
</testsuite></testsuites>"""


def ctest_file(folder: Path, **tests: str) -> Path:
    cases = "".join(
        f'<testcase name="{name}" status="{status}"/>' for name, status in tests.items()
    )
    path = folder / "ctest.xml"
    path.write_text(f"<testsuite>{cases}</testsuite>")
    return path


def test_cases_of_googletest(tmp_path):
    (tmp_path / "a.xml").write_text(GTEST)
    counts = count_junit(tmp_path / "a.xml", 1)
    assert (counts.passed, counts.failed, counts.failures) == (1, 1, ["S.b"])


def test_a_run_that_died_is_one_failure(tmp_path):
    counts = count_junit(tmp_path / "missing.xml", 139)
    assert (counts.passed, counts.failed) == (0, 1)


def test_a_crash_after_passing_cases_is_a_failure(tmp_path):
    (tmp_path / "store_test.xml").write_text(
        '<testsuites><testcase name="a" status="run"/></testsuites>'
    )
    counts = count_ctest(ctest_file(tmp_path, store_test="fail"), tmp_path, 8)
    assert (counts.passed, counts.failed) == (1, 1)


def test_programs_that_are_no_googletest_count_once(tmp_path):
    counts = count_ctest(
        ctest_file(tmp_path, replay="run", layout="fail", off="disabled"), tmp_path, 8
    )
    assert (counts.passed, counts.failed, counts.failures) == (1, 1, ["layout"])


def test_ctest_that_could_not_start_is_a_failure(tmp_path):
    assert count_ctest(tmp_path / "missing.xml", tmp_path, 1).failed == 1
