"""A job whose ranks were started anew, as its charts tell it."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Rank 1 is lost at step 20; training goes on from step 10, as from a checkpoint.
LOST_RANK = """%%sdt_train --processes 2 --max-restarts 1 --name again --no-wait
import os
import time
from jupyter_sdt.runtime import init, log_metrics

rank = init().rank
anew = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
for step in range(11 if anew else 1, 31):
    if rank == 1 and step == 20 and not anew:
        os._exit(3)
    log_metrics(step=step, loss=1 / step)
    time.sleep(0.02)
"""


def test_charts_mark_where_ranks_were_started_anew(page):
    page.write_notebook("again.ipynb", ["%load_ext jupyter_sdt", LOST_RANK])
    page.open_notebook("again.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    told = "[role=img][aria-label^='loss 0.03'][aria-label$='; ranks started anew once']"
    page.page.locator(f".sdt-JobRenderer {told}").wait_for()
    page.execute("jupyter-sdt:open-job", jobName="again")
    page.page.locator(f".sdt-Page {told}").wait_for()
    page.page.locator('.sdt-Page [data-status="Completed"]').wait_for()
    page.picture("restarts")
