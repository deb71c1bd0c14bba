"""What a step returns: the results of all microbatches, in the form of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch


class StepOutput:
    """One tensor of each microbatch, in order: ``outputs``."""

    def __init__(self, outputs: Sequence[torch.Tensor]) -> None:
        self.outputs = list(outputs)

    def reduce_mean(self) -> torch.Tensor:
        """The mean over microbatches, in the shape of one; integers become floating point."""
        return self.reduce_sum() / len(self.outputs)

    def reduce_sum(self) -> torch.Tensor:
        """The sum over microbatches, in the shape of one."""
        return torch.stack(self.outputs).sum(0)

    def concat(self) -> torch.Tensor:
        """All microbatches along axis 0; scalars become a vector."""
        if self.outputs[0].dim() == 0:
            return self.stack()
        return torch.cat(self.outputs)

    def stack(self) -> torch.Tensor:
        """All microbatches along a new axis 0."""
        return torch.stack(self.outputs)

    def detach(self) -> StepOutput:
        """The same without gradients; transformers asks for it."""
        return StepOutput([output.detach() for output in self.outputs])

    def __repr__(self) -> str:
        return f"StepOutput({self.outputs!r})"


def combine(results: Sequence[Any], *, detach: bool) -> Any:
    """Turn the results of all microbatches into the result of the step.

    Its structure (dict, list, tuple) is that of one result. Each tensor becomes a StepOutput, and
    anything else a list with one entry for each microbatch.
    """
    first = results[0]
    if all(isinstance(result, torch.Tensor) for result in results):
        return StepOutput([result.detach() if detach else result for result in results])
    if not all(type(result) is type(first) for result in results):
        return list(results)
    if isinstance(first, Mapping) and all(result.keys() == first.keys() for result in results):
        return {key: combine([r[key] for r in results], detach=detach) for key in first}
    if isinstance(first, (list, tuple)) and all(len(r) == len(first) for r in results):
        entries = [combine(entry, detach=detach) for entry in zip(*results, strict=True)]
        make: Any = getattr(first, "_make", type(first))  # of a named tuple
        return make(entries)
    return list(results)
