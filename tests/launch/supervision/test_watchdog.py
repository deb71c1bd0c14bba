"""A job that makes no steps is ended, with every rank's stacks and the name of the slow one."""

from __future__ import annotations

from support import ranks


def test_a_hang_names_the_rank_that_is_behind_and_dumps_all_stacks(jobs):
    directory = jobs.run(
        """
        import os, time, torch, torch.distributed as dist
        from jupyter_sdt.runtime import log_metrics
        dist.init_process_group("gloo")
        def stuck_here():
            time.sleep(300)
        for step in range(5):
            if dist.get_rank() == 1 and step == 3:
                stuck_here()
            dist.all_reduce(torch.ones(1))
            log_metrics(step=step, loss=1.0)
        """,
        distribution=ranks(2),
        hang_seconds=1.0,
        stop_seconds=1.0,
    )
    state = directory.read_state()
    assert state.status == "Failed"
    assert "rank 1 is behind" in state.failure_reason or "no step on rank" in state.failure_reason
    stacks = [(directory.stacks / f"rank-{rank}.txt").read_text() for rank in (0, 1)]
    assert "stuck_here" in stacks[1]
    assert "all_reduce" in stacks[0]


def test_of_ranks_at_the_same_step_it_says_where_in_the_script_each_is(jobs):
    directory = jobs.run(
        """
        import os, time
        from jupyter_sdt.runtime import log_metrics
        def wait_here():
            time.sleep(300)
        log_metrics(step=7, loss=1.0)
        if os.environ["RANK"] == "1":
            wait_here()
        time.sleep(300)
        """,
        distribution=ranks(2),
        hang_seconds=1.0,
        stop_seconds=1.0,
    )
    reason = directory.read_state().failure_reason
    assert "is behind" not in reason
    assert (
        "all ranks had done the same (step 7): "
        "rank 0 in entry_point.py, line 9, rank 1 in entry_point.py, line 5" in reason
    )


def test_a_job_that_keeps_stepping_is_left_alone(jobs):
    directory = jobs.run(
        """
        import time
        from jupyter_sdt.runtime import log_metrics
        for step in range(10):
            log_metrics(step=step, loss=1.0)
            time.sleep(0.1)
        """,
        hang_seconds=0.6,
    )
    assert directory.read_state().status == "Completed"
