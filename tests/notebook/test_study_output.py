"""``--scale`` runs a study below its cell."""

import pytest

from jupyter_sdt.notebook.output import WIDGET_VIEW
from jupyter_sdt.notebook.study_output import MIMETYPE
from jupyter_sdt.store.job_store import list_job_names

STEPS = """%%sdt_train --scale 1,2 --oversubscribe {flags}
import os, time
from jupyter_sdt.runtime.metrics import log_metrics
for step in range(1, 30):
    time.sleep(0.002)
    log_metrics(step=step, step_seconds=0.002, samples_per_second=100.0)
"""


def test_a_study_is_live_and_leaves_its_scaling_curve(kernel):
    reply = kernel.run(STEPS.format(flags="--name digits --study study"))
    assert reply.status == "ok", reply.error
    live, final = reply.bundles[0], reply.bundles[-1]
    assert live[MIMETYPE]["live"]
    assert WIDGET_VIEW in live
    assert not final[MIMETYPE]["live"]
    assert WIDGET_VIEW not in final
    assert [row["world_size"] for row in final[MIMETYPE]["table"]["rows"]] == [1, 2]
    assert final["image/png"].startswith("iVBOR")
    assert "strong scaling" in reply.text
    speedups = kernel.run("print([round(row.speedup, 1) for row in study.rows])").text
    assert speedups.startswith("[1.0, ")


def test_a_terminal_gets_a_line_per_job_and_the_table(ipython, capsys):
    assert ipython.run_cell(STEPS.format(flags="--name digits")).success
    told = capsys.readouterr().out
    assert "digits: job 1 of 2, world size 1\ndigits: job 2 of 2, world size 2\n" in told
    assert "strong scaling" in told


def test_a_failing_job_ends_the_study_and_the_cell(kernel):
    reply = kernel.run("%%sdt_train --scale 1,2 --oversubscribe --name bad\nraise ValueError('no')")
    assert reply.status == "error"
    assert "Cell In[2], line 2" in reply.error
    assert len(list_job_names()) == 1


def test_an_interrupt_ends_the_study_but_not_the_job(kernel):
    cell = "%%sdt_train --scale 1,2 --oversubscribe --name long\nimport time\ntime.sleep(60)"
    running = kernel.begin(cell)
    kernel.until(lambda m: m["msg_type"] == "display_data")
    kernel.until(lambda m: "job 1 of 2" in str(m["content"]))
    kernel.interrupt()
    reply = kernel.finish(running)
    (name,) = list_job_names()
    assert f"%sdt_attach {name}" in reply.error
    assert kernel.run(f"%sdt_stop {name}").text.startswith(f"asked {name} to stop")


def test_without_waiting_the_study_goes_on_behind_the_cell(kernel):
    reply = kernel.run(STEPS.format(flags="--name digits --no-wait"))
    assert reply.status == "ok", reply.error
    final = kernel.until(
        lambda m: m["msg_type"] == "update_display_data" and MIMETYPE in m["content"]["data"]
    )
    assert len(final["content"]["data"][MIMETYPE]["table"]["rows"]) == 2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--scale 1,1000", "1000"),
        ("--scale 1,2 --scaling weak --batch-size-hyperparameter b", "weak scaling keeps it"),
    ],
)
def test_a_study_that_cannot_be_is_refused_before_it_starts(ipython, capsys, flags, message):
    assert not ipython.run_cell(f"%%sdt_train {flags}\npass").success
    assert message in capsys.readouterr().out
    assert list_job_names() == []
