from __future__ import annotations

import os
import subprocess
import sys

from jupyter_sdt.spec.process_identity import start_ticks


def test_a_process_keeps_its_start_and_another_has_its_own():
    mine = start_ticks(os.getpid())
    assert mine.isdecimal()
    assert start_ticks(os.getpid()) == mine
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert int(start_ticks(child.pid)) >= int(mine)
    child.communicate()
    assert start_ticks(child.pid) == ""
