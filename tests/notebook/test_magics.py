"""The magics in a real kernel, with real jobs."""

import pytest
from support import until

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.output import MIMETYPE, WIDGET_VIEW
from jupyter_sdt.store.job_store import list_directories, list_job_names

# Waits until its folder of jobs holds a file of this name.
GATED = """%%sdt_train --processes 2 --name gated {flags}
import os, pathlib, time
gate = pathlib.Path(os.environ["SDT_JOB_DIRECTORY"]).parent / "gate"
print("waiting", flush=True)
while not gate.exists():
    time.sleep(0.01)
answer = 42
"""


def started(name):
    """Wait until both ranks of a job have said something."""
    until(lambda: name in list_job_names())
    directory = next(d for d in list_directories() if d.job_name == name)
    until(
        lambda: all(directory.log(r).is_file() and directory.log(r).stat().st_size for r in (0, 1))
    )
    return directory


def test_a_cell_trains_on_two_ranks_with_variables_in_and_out(kernel, jobs_folder):
    kernel.run("import numpy as np\ndata = np.arange(10.0)")
    gate = jobs_folder / "gate"
    running = kernel.begin(
        "%%sdt_train --processes 2 --name sums --in data --out total --hp lr=0.5\n"
        "import pathlib, sys, time\n"
        f"while not pathlib.Path({str(gate)!r}).exists():\n"
        "    time.sleep(0.01)\n"
        "import torch, torch.distributed as dist\n"
        "from jupyter_sdt.runtime.metrics import log_metrics\n"
        "dist.init_process_group('gloo')\n"
        "mine = torch.tensor(data[dist.get_rank()::2].sum())\n"
        "dist.all_reduce(mine)\n"
        "for step in range(3):\n"
        "    log_metrics(step=step, loss=1.0 / (step + 1))\n"
        "total = (mine.item(), sys.argv[1:])\n"
        "dist.destroy_process_group()\n"
    )
    kernel.until(lambda m: "sent data (ndarray 10, " in m["content"].get("text", ""))
    live = kernel.until(lambda m: m["msg_type"] == "display_data")["content"]["data"]
    gate.touch()
    reply = kernel.finish(running)
    assert reply.status == "ok", reply.error
    assert "brought back total (tuple)" in reply.text
    assert kernel.run("print(total)").text == "(45.0, ['--lr', '0.5'])\n"
    final = reply.bundles[-1]
    assert live[MIMETYPE]["live"]
    assert WIDGET_VIEW in live
    assert not final[MIMETYPE]["live"]
    assert WIDGET_VIEW not in final
    assert final[MIMETYPE]["series"]["loss"][-1][1] == pytest.approx(1 / 3)
    assert final["image/png"].startswith("iVBOR")
    assert "sums: Completed, 2 ranks by nursery" in final["text/plain"]


def test_an_exception_on_one_rank_points_into_the_cell_and_fails_it(kernel):
    reply = kernel.run(
        "%%sdt_train --processes 2 --name bad\n"
        "import os\n"
        "def check(rank):\n"
        "    assert rank != 1, 'rank one objects'\n"
        "check(int(os.environ['RANK']))\n"
    )
    assert reply.status == "error"
    assert "JobError" in reply.error
    assert "Cell In[2], line 4" in reply.error
    assert "rank one objects" in reply.error
    assert reply.text == ""  # the display and the error have said it all
    assert "site-packages" not in reply.error
    assert "jupyter_sdt/notebook" not in reply.error


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%sdt_train --proceses 2\npass", "did you mean '--processes'?"),
        ("%%sdt_train --processes 2\nx = = 1", "line 2: invalid syntax"),
        ("%%sdt_train --processes 2\n!ls", "cannot run in a job"),
        ("%%sdt_train --in nothing\npass", "--in nothing: there is no such variable"),
        ("%%sdt_train --entry-point nothing.py", "nothing.py"),
        ("%%sdt_train --distribution '{\"mpy\": {}}'\npass", "mpi"),
        ("%sdt_logs --rank x", "%sdt_logs: argument --rank: invalid int value"),
        ("%sdt_stop nothing", "no job 'nothing'"),
        ("%sdt_attach", "no jobs yet"),
    ],
)
def test_a_mistake_is_told_plainly_and_starts_nothing(ipython, cell, message, capsys):
    result = ipython.run_cell(cell)
    assert result.error_in_exec is not None
    told = capsys.readouterr().out
    assert message in told
    assert "Traceback" not in told
    assert list_job_names() == []


def test_an_entry_point_takes_its_hyperparameters_from_the_cell(ipython, tmp_path, capsys):
    script = tmp_path / "train.py"
    script.write_text("import sys\nprint(sys.argv[1:])\n")
    ipython.run_cell(f"%%sdt_train --entry-point {script} --name from-file\nlr = 0.1\n")
    ipython.run_cell("%sdt_logs")
    assert "['--lr', '0.1']" in capsys.readouterr().out


def test_a_line_alone_is_a_whole_cell(ipython, capsys):
    assert ipython.run_cell("%%sdt_train --help").success
    assert "--processes N" in capsys.readouterr().out


def test_a_plan_starts_nothing(ipython, capsys):
    assert ipython.run_cell("%%sdt_train --processes 2 --plan\nprint(1)").success
    told = capsys.readouterr().out
    assert "world_size 2" in told
    assert "entry_point.py" in told
    assert list_job_names() == []


def test_a_terminal_gets_lines_of_text(ipython, capsys):
    assert ipython.run_cell("%%sdt_train --name plain\nprint('hello')").success
    told = capsys.readouterr().out
    assert "plain: Completed, 1 rank" in told
    ipython.run_cell("%sdt_logs plain --tail 1")
    assert "[rank 0]\nhello" in capsys.readouterr().out
    ipython.run_cell("%sdt_jobs")
    assert "plain  Completed" in capsys.readouterr().out


def test_without_waiting_the_cell_returns_and_the_result_arrives_later(kernel, jobs_folder):
    reply = kernel.run(GATED.format(flags="--no-wait --out answer"))
    assert reply.status == "ok", reply.error
    started("gated")
    (jobs_folder / "gate").touch()
    final = kernel.until(
        lambda m: m["msg_type"] == "update_display_data" and MIMETYPE in m["content"]["data"]
    )
    assert final["content"]["data"][MIMETYPE]["status"] == "Completed"
    kernel.until(lambda m: "brought back" in m["content"].get("data", {}).get("text/plain", ""))
    assert kernel.run("print(answer)").text == "42\n"


def test_a_job_is_live_again_after_a_kernel_restart(kernel, jobs_folder):
    kernel.begin(GATED.format(flags="--out answer"))
    started("gated")
    kernel.restart()
    attached = kernel.begin("%sdt_attach")
    kernel.until(lambda m: m["msg_type"] == "display_data")
    (jobs_folder / "gate").touch()
    assert kernel.finish(attached).status == "ok"
    assert kernel.run("print(answer)").text == "42\n"


def test_an_interrupt_detaches_and_the_result_still_comes(kernel, jobs_folder):
    running = kernel.begin(GATED.format(flags="--out answer"))
    started("gated")
    kernel.until(lambda m: m["msg_type"] == "display_data")
    kernel.interrupt()
    reply = kernel.finish(running)
    assert reply.status == "error"
    assert "%sdt_attach gated" in reply.error
    (jobs_folder / "gate").touch()
    kernel.until(lambda m: "brought back" in m["content"].get("data", {}).get("text/plain", ""))
    assert kernel.run("print(answer)").text == "42\n"


def test_the_stop_button_works_while_the_cell_waits(kernel):
    running = kernel.begin(GATED.format(flags="--stop-seconds 5"))
    started("gated")
    kernel.until(lambda m: m["msg_type"] == "display_data")
    kernel.click("Stop")
    reply = kernel.finish(running)
    assert reply.status == "ok", reply.error
    assert "gated: Stopped" in reply.bundles[-1]["text/plain"]


def test_without_waiting_control_returns_while_the_job_goes_on(kernel):
    # How soon it returns is measured by benchmarks/launch: 50 ms.
    reply = kernel.run(GATED.format(flags="--no-wait"))
    assert reply.status == "ok", reply.error
    assert not TrainingJob.attach("gated").state().terminal
    kernel.run("%sdt_stop gated")
