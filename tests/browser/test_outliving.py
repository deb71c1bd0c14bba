"""What a watcher sees when the server dies, when others act, when the job's folder is gone."""

from __future__ import annotations

import pytest
from support import until

from jupyter_sdt.store.job_directory import JobDirectory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Goes on until somebody stops it.
ENDLESS = """%%sdt_train --processes 2 --name {} --no-wait
import time
from itertools import count
from jupyter_sdt.runtime import init, log_metrics

init()
for step in count():
    log_metrics(step, loss=1 / (1 + step))
    time.sleep(0.02)
"""
OUTPUT, PAGE = ".sdt-JobRenderer", ".sdt-Page"


def start(page, name):
    """Train an endless cell and see it train."""
    page.write_notebook(f"{name}.ipynb", ["%load_ext jupyter_sdt", ENDLESS.format(name)])
    page.open_notebook(f"{name}.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.page.locator(f"{OUTPUT} .uplot canvas").first.wait_for()
    page.wait_for_steps()


def test_the_curve_goes_on_when_the_server_was_killed_and_started_again(serve, open_window):
    server = serve()
    page = open_window(server)
    start(page, "killed")
    server.kill()
    dialog = page.page.get_by_role("dialog").filter(has_text="Server Connection Error")
    dialog.get_by_text("Do not show this message again").click()
    dialog.get_by_role("button", name="Close").click()
    before = page.step_shown()
    server.start()
    server.wait()
    page.wait_for_steps()
    assert page.step_shown() > before
    page.picture("server-restarted")
    page.page.locator(OUTPUT).get_by_role("button", name="Stop").click()
    page.page.locator(f'{OUTPUT} [data-status="Stopped"]').wait_for()
    page.forgive_what_is_not_ours()


def test_two_browsers_watch_one_job_and_either_may_stop_it(page, open_window):
    start(page, "shared")
    colleague = open_window(page.server)
    colleague.open_lab("colleague")
    colleague.execute("jupyter-sdt:open-job", jobName="shared")
    colleague.page.locator(f"{PAGE} .uplot canvas").first.wait_for()
    colleague.wait_for_steps(PAGE)
    page.wait_for_steps()
    colleague.page.locator(PAGE).get_by_role("button", name="Stop").click()
    for window, place in ((page, OUTPUT), (colleague, PAGE)):
        window.page.locator(f'{place} [data-status="Stopped"]').wait_for()


def test_a_job_whose_folder_disappears_while_it_is_watched_is_said_to_be_gone(page, tmp_path):
    start(page, "gone")
    page.execute("jupyter-sdt:open-job", jobName="gone")
    page.page.locator(f"{PAGE} .uplot canvas").first.wait_for()
    folder, elsewhere = page.server.jobs / "gone", tmp_path / "gone"
    folder.rename(elsewhere)
    page.page.get_by_text("There is no job gone any more.").wait_for()
    page.forgive_what_is_not_ours()
    folder.mkdir(exist_ok=True)  # something of the job may have written there meanwhile
    JobDirectory(folder).ask_to_stop()
    until(lambda: not JobDirectory(elsewhere).supervised())
