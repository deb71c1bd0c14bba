"""The live view shows a job and stops it."""

import time

import pytest
from support import ranks, until

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.log_tail import log_tail
from jupyter_sdt.notebook.snapshot import RankHealth, Snapshot, look
from jupyter_sdt.notebook.view import LiveView, ranks_html, status_html
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.progress import Progress

WAITING = """
import time
print("ready <b>", flush=True)
time.sleep(60)
"""


def snapshot(**fields):
    spec = JobSpec(
        job_name="job-1", entry_point="e.py", python="python", created_seconds=time.time()
    )
    return Snapshot(spec=spec, **({"state": JobState(), "progress": Progress()} | fields))


@pytest.fixture
def running(jobs):
    job = TrainingJob(jobs.start(WAITING, distribution=ranks(2)))
    until(lambda: "ready" in log_tail(job, lines=1, rank=0))
    yield job
    job.stop(wait=True)


@pytest.fixture
def view(running):
    made = LiveView(running)
    made.update(look(running))
    yield made
    made.close()


def html_of(view):
    return " ".join(getattr(widget, "value", "") for widget in view.widget.children)


def test_the_view_shows_status_charts_and_ranks(view):
    html = html_of(view)
    assert "job-1: Training, 2 ranks" in html
    assert html.count('role="img"') == 2
    assert "<b>rank 1</b>: running" in html


def test_the_stop_button_stops_the_job(view, running):
    view.stop_button.click()
    assert view.stop_button.disabled
    assert until(lambda: running.state().terminal)
    assert running.status == "Stopped"


def test_the_logs_button_shows_and_hides_escaped_lines(view):
    view.logs_button.click()
    assert "[rank 0]\nready &lt;b&gt;" in html_of(view)
    view.logs_button.click()
    assert "ready" not in html_of(view)


def test_buttons_say_what_they_do_to_whom(view):
    assert view.stop_button.tooltip.startswith("Stop job job-1")
    assert view.logs_button.tooltip.endswith("of job job-1")


def test_names_and_reasons_are_escaped():
    state = JobState(notes=("<i>",)).enter("Failed", 1.0, failure_reason="<script>")
    html = status_html(snapshot(state=state))
    assert "&lt;script&gt;" in html
    assert "&lt;i&gt;" in html


def test_the_bar_appears_when_the_total_is_known(view):
    assert view.widget.children[1].children[0].layout.display == "none"
    view.update(snapshot(progress=Progress(step=3, total_steps=4)))
    bar, step = view.widget.children[1].children[:2]
    assert (bar.value, bar.layout.display) == (0.75, None)
    assert step.value == "step 3 of 4"


def test_of_many_ranks_the_slowest_are_shown():
    many = tuple(RankHealth(rank=n, step=100 + n, quiet_seconds=1, running=True) for n in range(20))
    slow = RankHealth(rank=19, step=7, quiet_seconds=9, running=True)
    html = ranks_html((*many[:19], slow))
    assert "<b>rank 19</b>: step 7, 9 s ago" in html
    assert "and 4 further on" in html
    assert "rank 18" not in html
