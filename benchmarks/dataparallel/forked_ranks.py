"""Ranks forked from this process, whose torch has not computed anything yet."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable
from typing import Any

import torch

Measurement = Callable[..., Any]


def run_ranks(ranks: int, measurement: Measurement, *arguments: Any) -> Any:
    """Run ``measurement(*arguments)`` on every rank; return what rank 0 returned."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    receiving, sending = fork.Pipe(duplex=False)
    processes = [
        fork.Process(target=_rank, args=(rank, ranks, port, sending, measurement, arguments))
        for rank in range(ranks)
    ]
    for process in processes:
        process.start()
    sending.close()
    answer = receiving.recv()
    for process in processes:
        process.join()
    return answer


def _rank(
    rank: int, ranks: int, port: int, sending: Any, measurement: Measurement, arguments: Any
) -> None:
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in place.items()})
    os.environ["MASTER_ADDR"] = "127.0.0.1"
    torch.set_num_threads(1)
    answer = measurement(*arguments)
    if rank == 0:
        sending.send(answer)
    torch.distributed.barrier()
    os._exit(0)
