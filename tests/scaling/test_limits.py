import os
from pathlib import Path

import pytest

from jupyter_sdt.scaling.limits import available_cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="affinity and control groups are Linux's"
)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_control_groups_the_affinity_counts(tmp_path):
    assert available_cores(tmp_path, tmp_path / "missing") == len(os.sched_getaffinity(0))


def test_an_affinity_of_one_core_is_one_core(tmp_path):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert available_cores(tmp_path, tmp_path / "missing") == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("limit", ["50000 100000", "100000 100000"])
def test_a_limit_of_any_group_above_counts_in_version_2(tmp_path, limit):
    own = write(tmp_path / "own", "0::/pod/container\n")
    write(tmp_path / "pod" / "cpu.max", limit)
    write(tmp_path / "pod" / "container" / "cpu.max", "max 100000")
    assert available_cores(tmp_path, own) == 1


def test_a_limit_counts_in_version_1(tmp_path):
    own = write(tmp_path / "own", "5:memory:/a\n4:cpuacct,cpu:/a\n")
    write(tmp_path / "cpu" / "a" / "cpu.cfs_quota_us", "100000")
    write(tmp_path / "cpu" / "a" / "cpu.cfs_period_us", "100000")
    assert available_cores(tmp_path, own) == 1


def test_no_limit_is_no_limit(tmp_path):
    own = write(tmp_path / "own", "4:cpu:/\n")
    write(tmp_path / "cpu" / "cpu.cfs_quota_us", "-1")
    write(tmp_path / "cpu" / "cpu.cfs_period_us", "100000")
    assert available_cores(tmp_path, own) == len(os.sched_getaffinity(0))
