"""The panel lists jobs, draws one, and writes cells."""

import pytest
from support import ranks, until

from jupyter_sdt.cells.arguments import parse_arguments
from jupyter_sdt.cells.cell_text import CellText
from jupyter_sdt.notebook.launch_form import LaunchForm
from jupyter_sdt.notebook.panel import Panel
from jupyter_sdt.spec.job_spec import Cell


@pytest.fixture
def shell(shell):
    shell.inserted = []
    shell.set_next_input = lambda text, replace: shell.inserted.append(text)  # as a front end does
    return shell


def html_of(panel):
    (child,) = panel.job_box.children
    return " ".join(getattr(w, "value", "") for w in getattr(child, "children", [child]))


def test_the_newest_job_is_shown_and_another_can_be_chosen(jobs, shell):
    for _ in range(2):
        jobs.run("pass", distribution=ranks(1))
    panel = Panel(shell)
    assert panel.jobs.options == ("job-2", "job-1")
    assert "job-2: Completed" in html_of(panel)
    panel.jobs.value = "job-1"
    assert "job-1: Completed" in html_of(panel)


def test_refreshing_finds_new_jobs_and_keeps_the_choice(jobs, shell):
    jobs.run("pass", distribution=ranks(1))
    panel = Panel(shell)
    jobs.run("pass", distribution=ranks(1))
    panel.refresh_button.click()
    assert panel.jobs.options == ("job-2", "job-1")
    assert panel.jobs.value == "job-1"


def test_a_running_job_is_followed_to_its_end(jobs, shell):
    directory = jobs.start("import time\ntime.sleep(60)", distribution=ranks(1), stop_seconds=5)
    panel = Panel(shell)
    directory.ask_to_stop()
    assert until(lambda: "Stopped" in html_of(panel), seconds=60)


def test_a_job_that_vanished_is_told(jobs, shell):
    directory = jobs.run("pass", distribution=ranks(1))
    panel = Panel(shell)
    directory.spec_file.unlink()
    panel.show("job-1")
    assert "no job 'job-1'" in html_of(panel).replace("&#x27;", "'")


def test_without_jobs_the_panel_is_empty(shell):
    assert Panel(shell).job_box.children == ()


def test_the_form_writes_a_cell_that_the_magic_accepts(shell):
    form = LaunchForm(shell)
    form.fields["processes"].value = "4"
    form.fields["distribution"].value = "torch_distributed"
    form.fields["hp"].value = "lr=0.1 name=net"
    line, _, body = form.cell.value.partition("\n")
    arguments = parse_arguments(line.removeprefix("%%sdt_train"), {})
    assert arguments.estimator == {
        "processes_per_node": 4,
        "distribution": {"torch_distributed": {"enabled": True}},
        "hyperparameters": {"lr": 0.1, "name": "net"},
    }
    CellText(line=line, body=body, cell=Cell()).entry_point()


def test_the_cell_goes_to_the_front_end_and_can_be_copied(shell):
    form = LaunchForm(shell)
    form.write()
    assert shell.inserted == [form.cell.value]
    assert "copy it" in form.said.value


def test_a_mistake_in_the_form_is_told_at_once(shell):
    form = LaunchForm(shell)
    form.fields["processes"].value = "two"
    assert "--processes" in form.said.value
    form.fields["processes"].value = "2"
    assert form.said.value == ""


def test_with_an_entry_point_the_cell_has_no_script(shell):
    form = LaunchForm(shell)
    form.fields["entry-point"].value = "my train.py"
    assert form.cell.value == "%%sdt_train --processes 2 --entry-point 'my train.py'\n"
