"""The store through which ranks of the nursery find each other, held by the supervisor.

torchrun's agent holds it in the same way (``TORCHELASTIC_USE_AGENT_STORE=True``). When rank 0 had
to open it, the others would now and then come too early, and torch's client waits half a second
or more before it tries again. And a port that is held already cannot be taken by anyone else.
"""

from __future__ import annotations

import importlib
import socket
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.launch.launchers.rendezvous import LOOPBACK, Rendezvous

_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class AgentStore:
    """A TCPStore that serves, from a thread of its own, as long as this object lives."""

    meeting: Rendezvous
    store: Any


def open_agent_store() -> AgentStore:
    """Open a store that only this machine can reach. Raises OSError without a free port.

    Starts a thread: fork every rank before. Needs torch, hence a process that has it already.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(_BACKLOG)
        port = listener.getsockname()[1]
        # By itself a TCPStore would listen on every network of the machine.
        store = importlib.import_module("torch.distributed").TCPStore(
            LOOPBACK,
            port,
            is_master=True,
            wait_for_workers=False,
            master_listen_fd=listener.detach(),
        )
    return AgentStore(Rendezvous(LOOPBACK, port, hosted=True), store)
