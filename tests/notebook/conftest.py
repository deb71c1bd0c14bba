"""Real kernels: a notebook's cells are run as JupyterLab runs them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from jupyter_client.manager import start_new_kernel
from support import Jobs
from traitlets.config import Config

# The file of a test's own folder would be gone when IPython writes its last line at exit.
NO_HISTORY = Config({"HistoryManager": {"enabled": False}})


@dataclass
class Reply:
    """What one cell sent back."""

    status: str = ""
    text: str = ""
    error: str = ""
    bundles: list[dict] = field(default_factory=list)
    payload: list[dict] = field(default_factory=list)


class Kernel:
    """A kernel and its client; widgets' comms are noted by model name."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client
        self.comms: dict[str, str] = {}

    def run(self, code: str) -> Reply:
        """Run a cell to its end."""
        return self.finish(self.begin(code))

    def begin(self, code: str) -> str:
        """Run a cell and return at once."""
        return self.client.execute(code)

    def finish(self, message_id: str) -> Reply:
        """Gather what the cell sends until it is done."""
        reply = Reply()
        while self._take(reply, self.next_message(message_id)):
            pass
        answer = self._answer(message_id)
        reply.status, reply.payload = answer["status"], answer.get("payload", [])
        return reply

    def _answer(self, message_id: str) -> dict:
        """The reply to a cell; a slow start leaves replies to kernel_info requests behind."""
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"].get("msg_id") == message_id:
                return message["content"]

    def next_message(self, message_id: str) -> dict:
        """The next message on iopub that belongs to a cell."""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            self._note_comm(message)
            if message["parent_header"].get("msg_id") == message_id:
                return message

    def until(self, seen, seconds: float = 60) -> dict:
        """Wait for a message, of whatever cell, that ``seen`` accepts."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=seconds)
            self._note_comm(message)
            if seen(message):
                return message
        raise AssertionError("the message did not come")

    def click(self, description: str) -> None:
        """Click a button the way a front end without subshells does."""
        data = {"method": "custom", "content": {"event": "click"}}
        content = {"comm_id": self.comms[description], "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def restart(self) -> None:
        """Replace the process by a fresh one with the extension loaded."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext jupyter_sdt")

    def _note_comm(self, message) -> None:
        if message["msg_type"] == "comm_open":
            state = message["content"]["data"].get("state", {})
            if state.get("_model_name") == "ButtonModel":
                self.comms[state["description"]] = message["content"]["comm_id"]

    @staticmethod
    def _take(reply: Reply, message) -> bool:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            reply.text += content["text"]
        elif kind in ("display_data", "execute_result", "update_display_data"):
            reply.bundles.append(content["data"])
        elif kind == "error":
            reply.error = "\n".join(content["traceback"])
        return not (kind == "status" and content["execution_state"] == "idle")


@pytest.fixture
def kernel(jobs_folder):
    """A fresh kernel with the extension loaded."""
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
    running = Kernel(manager, client)
    assert running.run("%load_ext jupyter_sdt").status == "ok"
    yield running
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def jobs(jobs_folder) -> Jobs:
    """Starts jobs without an Estimator in between."""
    return Jobs(jobs_folder)


@pytest.fixture
def shell():
    """A bare IPython that leaves no history behind."""
    return InteractiveShell(config=NO_HISTORY)


@pytest.fixture
def ipython(jobs_folder):
    """IPython as in a terminal, with the extension loaded."""
    made = TerminalInteractiveShell(config=NO_HISTORY)
    made.run_line_magic("load_ext", "jupyter_sdt")
    return made
