import pytest

from jupyter_sdt.scaling.rows import tabulate


def test_a_row_holds_median_and_spread_over_the_repeats(rows_of):
    (row,) = rows_of({2: (90.0, 100.0, 130.0)})
    assert (row.throughput_low, row.throughput, row.throughput_high) == (90, 100, 130)
    assert row.repeats == 3
    assert row.job_names == ("job-2-0", "job-2-1", "job-2-2")


def test_speedup_and_efficiency_are_relative_to_the_smallest_size(rows_of):
    rows = rows_of({4: (300.0,), 2: (200.0,), 8: (400.0,)})
    assert [row.world_size for row in rows] == [2, 4, 8]
    assert [row.speedup for row in rows] == pytest.approx([1, 1.5, 2])
    assert [row.efficiency for row in rows] == pytest.approx([1, 0.75, 0.5])


def test_without_jobs_there_are_no_rows():
    assert tabulate([]) == []
