"""What a group offers beyond torch's interface: memory that all ranks of a node see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel.collectives import SharedCollectives
from jupyter_sdt.runtime.dataparallel.topology import Sharing
from jupyter_sdt.runtime.dataparallel.work import Line


class NodeMemory:
    """The memory of one group's ranks on this node; ``None`` is that of a group without any."""

    def __init__(self, sharing: Sharing, shared: SharedCollectives, line: Line) -> None:
        self.ranks, self.rank = len(sharing.topology.nodes[0]), sharing.topology.local
        self._shared, self._line = shared, line

    def share(self, tensor: torch.Tensor) -> bool:
        """Move ``tensor`` of all ranks into shared memory where that is possible."""
        return tensor.is_contiguous() and self._now(lambda: self._shared.share(tensor))

    def expect(self, tensor: torch.Tensor) -> None:
        """Let a buffer of gradients move into shared memory when it is reduced the next time."""
        self._shared.expect(tensor)

    def common(self, kinds: Sequence[torch.Tensor], copies: int = 1) -> list[torch.Tensor] | None:
        """Zeros like each of ``kinds``, one copy for all ranks of the node; None without room."""
        found: list[torch.Tensor] | None = self._now(lambda: self._shared.common(kinds, copies))
        return found

    def meet(self) -> None:
        """Wait for the ranks of the node."""
        self._now(self._shared.meet_node)

    def _now(self, action: Callable[[], Any]) -> Any:
        """Do it after what was called before, and return the result."""
        answer: list[Any] = []
        self._line.add(lambda: answer.append(action()), [], later=False).wait()
        return answer[0]


def node_memory(group: dist.ProcessGroup | None) -> NodeMemory | None:
    """That of ``group`` (None: all ranks), where its ranks can share any."""
    return getattr(dist.group.WORLD if group is None else group, "node", None)
