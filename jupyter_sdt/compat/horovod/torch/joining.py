"""``hvd.join``: a rank that has run out of data takes part in what the others still reduce.

Every rank counts the operations of all ranks that it starts. A rank that has joined does not know
what the others will do next. So they write it down for it, in the job's store: a helper thread does
so when an operation is waited for unusually long, and from then on each operation is written down
as it starts. As long as nobody has joined, all this costs next to nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist

from ..common.exceptions import HorovodInternalError
from . import basics

PATIENCE_SECONDS = 0.02
_POLL_SECONDS = 0.002


@dataclass(slots=True)
class _Ledger:
    """Operations since the last time that all ranks had joined."""

    round: int = 0
    count: int = 0
    recent: deque[tuple[int, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=4096))
    somebody_joined: bool = False
    waiting_since: float | None = None
    helper: threading.Thread | None = None

    def key(self, name: object) -> str:
        return f"horovod_join/{self.round}/{name}"

    def begin_round(self) -> None:
        self.round += 1
        self.count, self.somebody_joined = 0, False
        self.recent.clear()


_ledger = _Ledger()


def announce(kind: str, **facts: Any) -> None:
    """Count an operation of all ranks that is about to start."""
    operation = {"kind": kind, **facts}
    _ledger.recent.append((_ledger.count, operation))
    if _ledger.somebody_joined:
        _store().set(_ledger.key(_ledger.count), json.dumps(operation))
    _ledger.count += 1


def announce_allreduce(tensor: torch.Tensor, op: str) -> None:
    """Count an allreduce, in which ranks that have joined take part."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape, device = list(tensor.shape), tensor.device.type
    announce("allreduce", shape=shape, dtype=dtype, device=device, op=op)


@contextmanager
def waiting() -> Iterator[None]:
    """Within this context this rank waits for the others."""
    if _ledger.helper is None and basics.is_initialized() and basics.size() > 1:
        _ledger.helper = threading.Thread(target=_help, name="hvd.join", daemon=True)
        _ledger.helper.start()
    _ledger.waiting_since = time.monotonic()
    try:
        yield
    finally:
        _ledger.waiting_since = None


def join(device: int = -1) -> int:
    """Wait until all ranks have joined; return the last that did.

    Meanwhile take part in the others' allreduces with what changes nothing: zeros in a sum. An
    average still divides by the number of all ranks. ``device`` is accepted and not needed. Raises
    HorovodInternalError when another rank calls anything but allreduce.
    """
    del device
    if basics.size() == 1:
        return 0
    store = _store()
    if store.add(_ledger.key("joined"), 1) == basics.size():
        store.set(_ledger.key("last"), json.dumps([basics.rank(), _ledger.count]))
    last, count = -1, None
    while count is None or _ledger.count < count:
        if store.check([_ledger.key(_ledger.count)]):
            _take_part(json.loads(store.get(_ledger.key(_ledger.count))))
        elif store.check([_ledger.key("last")]):
            last, count = json.loads(store.get(_ledger.key("last")))
        else:
            time.sleep(_POLL_SECONDS)
    dist.barrier()
    _ledger.begin_round()
    return last


def _take_part(operation: dict[str, Any]) -> None:
    if operation["kind"] != "allreduce":
        raise HorovodInternalError(
            f"another rank called {operation['kind']} when rank {basics.rank()} had joined: only "
            "allreduce is possible between the first and the last hvd.join()"
        )
    dtype, op = getattr(torch, operation["dtype"]), operation["op"]
    value = _neutral(op, dtype)
    tensor = torch.full(operation["shape"], value, dtype=dtype, device=operation["device"])
    _ledger.count += 1
    dist.all_reduce(tensor, op=getattr(dist.ReduceOp, op))


def _neutral(op: str, dtype: torch.dtype) -> float:
    if op in {"SUM", "PRODUCT"}:
        return 0 if op == "SUM" else 1
    limits = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    return limits.max if op == "MIN" else limits.min


def _help() -> None:
    """Write down what this rank waits for, once somebody has joined."""
    while True:
        time.sleep(PATIENCE_SECONDS)
        since = _ledger.waiting_since
        if since is None or time.monotonic() - since < PATIENCE_SECONDS:
            continue
        with suppress(RuntimeError, ValueError):  # the group may be gone by now
            _write_down()


def _write_down() -> None:
    store = _store()
    if _ledger.somebody_joined or not store.check([_ledger.key("joined")]):
        return
    # First of all: what is announced from now on is written down where it is announced.
    _ledger.somebody_joined = True
    for number, operation in list(_ledger.recent):
        store.set(_ledger.key(number), json.dumps(operation))


def _store() -> Any:
    return dist.distributed_c10d._get_default_store()
