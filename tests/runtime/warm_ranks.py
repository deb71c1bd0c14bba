"""A process with torch loaded that forks ranks on request; run as a script by conftest.py.

Reads one JSON line per job, ``{"ranks": [[cwd, argv, environment], ...], "timeout": seconds}``,
and answers with the list of wait statuses' exit codes (negative: signal number).
"""

import json
import os
import signal
import sys
import time

import torch
import torch._dynamo
import torch.distributed
import torch.nn.parallel
import torch.utils.data

from jupyter_sdt.runtime import run


def start(cwd, argv, environment):
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    code = 70
    try:
        code = run.main(argv)
    finally:
        run.leave(code)


def wait(pids, deadline):
    codes = dict.fromkeys(pids)
    while None in codes.values():
        if time.monotonic() > deadline:
            for pid in [pid for pid, code in codes.items() if code is None]:
                os.killpg(pid, signal.SIGKILL)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            codes[pid] = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.002)
    return [codes[pid] for pid in pids]


torch.set_num_threads(1)
sys.stdout.write("ready\n")
sys.stdout.flush()
for line in sys.stdin:
    job = json.loads(line)
    pids = [start(*rank) for rank in job["ranks"]]
    answer = wait(pids, time.monotonic() + job["timeout"])
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
# The end of an interpreter with torch in it takes ten seconds on a busy machine.
os._exit(0)
