"""A button that works while a cell keeps the kernel busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets


def busy_button(
    description: str, tooltip: str, action: Callable[[], None], *, icon: str = ""
) -> ipywidgets.Button:
    """Return a button whose ``action`` runs at once, even during a cell.

    A click is a message for the kernel's main thread, which runs the waiting cell. ipykernel 7.4
    asks each comm, in the thread that receives messages, which subshell shall have the message
    (``Comm._reply_subshell_for`` in ipykernel/comm/comm.py); answering that question is how we
    hear of the click in time. Kernels that do not ask deliver the click in the ordinary way: on a
    subshell (ipykernel 7 and JupyterLab), or when the cell is done. ``action`` must be quick, and
    is called once for each click whichever way it arrives.
    """
    button = ipywidgets.Button(description=description, tooltip=tooltip, icon=icon)
    click = _Click(action)
    button.on_click(click.delivered)
    if button.comm is not None:
        button.comm._reply_subshell_for = click.routed
    return button


class _Click:
    """Runs the action on the first sight of a click and ignores its second."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._answered = 0
        self._lock = threading.Lock()

    def routed(self, data: Any, subshell: str | None) -> str | None:
        """Called by ipykernel before the message is handed on; leaves the route as it is."""
        content = data.get("content") if isinstance(data, dict) else None
        if isinstance(content, dict) and content.get("event") == "click":
            with self._lock:
                self._answered += 1
            self._action()
        return subshell

    def delivered(self, _button: ipywidgets.Button) -> None:
        """Called by ipywidgets when the message arrives."""
        with self._lock:
            if self._answered:
                self._answered -= 1
                return
        self._action()
