"""What a stage says when another one fails, ends or does not answer."""

from __future__ import annotations

import traceback

from jupyter_sdt.errors import StageError
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Failed


class Surprise(BaseException):
    """Ends a step function that went by the form of a result that came out differently."""


def tell_failure(error: BaseException, step: int, connections: Connections) -> None:
    """Tell the other stages of an exception, unless it was one of them that told it."""
    if isinstance(error, StageError):
        return
    own, ranks = connections.stage, connections.ranks
    summary = f"{type(error).__name__}: {error}"
    lines = traceback.format_exception(error)
    failed = Failed(step, own, ranks[own], summary, "".join(lines))
    for stage in set(range(len(ranks))) - {own}:
        connections.send(stage, failed)


def failed_elsewhere(failed: Failed) -> StageError:
    """A stage has raised an exception."""
    return StageError(
        f"stage {failed.stage} (rank {failed.rank}) failed: {failed.summary}\n\n"
        f"its traceback:\n{failed.traceback}",
        stage=failed.stage,
        rank=failed.rank,
        traceback=failed.traceback,
    )


def ended(connections: Connections, lost: int | None, seconds: float) -> StageError:
    """No message has come for so long, after the rank ``lost`` was found gone or for no reason."""
    return silent(connections, seconds) if lost is None else gone(connections, lost)


def gone(connections: Connections, rank: int) -> StageError:
    """The process of ``rank`` has ended."""
    stage = connections.ranks.index(rank)
    return StageError(
        f"rank {rank} is gone: stage {stage} of the pipeline ended, was killed or "
        "left the training loop earlier than this one; its log says why",
        stage=stage,
        rank=rank,
    )


def silent(connections: Connections, seconds: float) -> StageError:
    """Nobody has answered for so long."""
    return StageError(
        f"no other stage of the pipeline has answered for {seconds:g} s: one of them "
        "hangs, or has called smp.step less often than this one",
        stage=connections.stage,
    )
