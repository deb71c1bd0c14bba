import os
import resource
import statistics
import time
from pathlib import Path

import pytest

from jupyter_sdt.runtime import metrics
from jupyter_sdt.spec.metric import MetricRecord


@pytest.fixture
def rank_zero(tmp_path, monkeypatch):
    (tmp_path / "metrics").mkdir()
    monkeypatch.setenv("SDT_JOB_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(metrics, "_writer", None)
    monkeypatch.setattr(metrics, "_warned", set())
    monkeypatch.setattr(metrics, "_names", {})
    return tmp_path / "metrics" / "rank-0.jsonl"


def read(path):
    return [MetricRecord.from_line(line) for line in path.read_bytes().splitlines()]


def test_numbers_tensors_and_numpy_scalars_are_recorded(rank_zero):
    import numpy as np
    import torch

    before = time.time()
    loss = (torch.ones(1, requires_grad=True) * 0.5).sum()
    metrics.log_metrics(step=np.int64(3), loss=loss, accuracy=np.float32(0.25), count=7)
    metrics.log_metrics(step=torch.tensor(4), loss=1e-7)
    first, second = read(rank_zero)
    assert (first.rank, first.step, first.source) == (0, 3, "script")
    assert first.values == {"loss": 0.5, "accuracy": 0.25, "count": 7.0}
    assert before - 1e-3 <= first.time <= time.time()
    assert (second.step, second.values) == (4, {"loss": 1e-7})


def test_lines_are_those_of_a_metric_record(rank_zero):
    metrics.log_metrics(step=None, **{'a"b/é': 1.5})
    (record,) = read(rank_zero)
    assert record.values == {'a"b/é': 1.5}
    assert record.step is None
    assert sorted(record.to_line()) != []
    assert MetricRecord.from_line(record.to_line()) == record


def test_nan_and_infinity_are_recorded_as_missing(rank_zero):
    for value in (float("nan"), float("inf"), -float("inf")):
        metrics.log_metrics(step=1, loss=value)
    assert [r.values for r in read(rank_zero)] == [{"loss": None}] * 3


def test_what_is_no_number_is_named_once_and_left_out(rank_zero, capsys):
    for _ in range(3):
        metrics.log_metrics(step="x", loss="high", good=1)
        metrics.log_metrics(step=1, **{"": 1.0})
    assert [(r.step, r.values) for r in read(rank_zero)] == [(None, {"good": 1.0})] * 3
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "log_metrics(step='x'): not a whole number" in said[0]
    assert "log_metrics(loss='high'): not one number" in said[1]
    assert "metric name '' must be 1 to 256 printable characters" in said[2]


def test_outside_a_job_the_record_is_printed(monkeypatch, capsys):
    monkeypatch.delenv("SDT_JOB_DIRECTORY", raising=False)
    monkeypatch.setattr(metrics, "_writer", None)
    metrics.log_metrics(step=2, loss=0.123456789, bad=float("nan"))
    metrics.log_metrics(loss=1)
    assert capsys.readouterr().out == "step 2  loss 0.123457  bad nan\nloss 1\n"


def test_a_folder_that_is_gone_gives_one_warning_and_no_exception(rank_zero, capsys):
    rank_zero.parent.rmdir()
    for _ in range(3):
        metrics.log_metrics(step=1, loss=1.0)
    assert capsys.readouterr().err.count("metrics are not recorded") == 1


def test_a_line_cut_short_by_a_full_disk_does_not_spoil_the_next(rank_zero, capsys):
    import signal

    metrics.log_metrics(step=1, loss=1.0)
    size = rank_zero.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # The limit cuts the write where a full disk would.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        metrics.log_metrics(step=2, loss=2.0)
        metrics.log_metrics(step=3, loss=3.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    metrics.log_metrics(step=4, loss=4.0)
    lines = rank_zero.read_bytes().splitlines()
    assert [MetricRecord.from_line(lines[i]).step for i in (0, -1)] == [1, 4]
    assert len(lines) == 3
    assert capsys.readouterr().err.count("metrics are not recorded") == 1


def test_lines_of_a_rank_and_its_forked_children_do_not_mix(rank_zero):
    metrics.log_metrics(step=0, loss=0.0)
    children = []
    for number in (1, 2, 3):
        if (child := os.fork()) == 0:
            for _ in range(300):
                metrics.log_metrics(step=number, loss=float(number), more=0.123456789)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert len(read(rank_zero)) == 901


def test_a_record_costs_less_than_twenty_microseconds(rank_zero):
    times = []
    for step in range(2000):
        begun = time.perf_counter()
        metrics.log_metrics(step=step, loss=0.123456789, accuracy=0.5)
        times.append(time.perf_counter() - begun)
    assert statistics.median(times) < 20e-6


def test_a_record_without_step_takes_the_optimizer_steps_seen_so_far(job):
    job.run(
        """
        import torch
        from jupyter_sdt.runtime import log_metrics
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        log_metrics(accuracy=0)
        for _ in range(3):
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
        log_metrics(accuracy=1)
        """
    )
    assert [r.step for r in job.metrics(source="script")] == [None, 3]
    assert Path(job.path / "metrics" / "rank-0.jsonl").stat().st_mode & 0o777 == 0o600
