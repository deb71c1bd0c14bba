"""The optimizer's work shared out among the ranks of a node: one copy of parameters and state.

Rajbhandari et al., ZeRO (2020), stage 1, where memory is shared: a rank updates its slice of every
parameter, and the others see the result without a message.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import CollectiveError, RuntimeStateError, SpecError
from jupyter_sdt.runtime.allocator import give_back_now
from jupyter_sdt.runtime.dataparallel.node_memory import NodeMemory, node_memory

# What these compute for an element depends on nothing but that element.
_ELEMENTWISE = (
    *("ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam"),
    *("RMSprop", "Rprop", "SGD"),
)
_COPIES = 4  # of the parameters there must be room for: themselves and up to three of state
_LEAST = 16 * 1024  # elements: smaller parameters cost less than the trouble
_ALIGNED = 16  # elements that slices are a multiple of, so that two ranks share no cache line


def share_optimizer(
    optimizer: torch.optim.Optimizer, group: dist.ProcessGroup | None = None
) -> torch.optim.Optimizer:
    """Let each rank of a node carry out its part of ``optimizer.step()``; return ``optimizer``.

    For parameters on the CPU whose gradients are the same on all ranks, as DDP leaves them. They
    and the optimizer's state become one copy for all ranks of a node: change parameters elsewhere
    only in ways that give the same when every rank does it, and step on all ranks. Schedulers,
    clipping, accumulation, parameter groups, ``state_dict()`` on one rank and ``load_state_dict()``
    on all work as before, and so do results, to the bit.

    All ranks must call this together, after the model was wrapped. Where memory cannot be shared
    nothing changes. Raises SpecError for an optimizer that mixes elements.
    """
    names = [known for known in _ELEMENTWISE if type(optimizer) is getattr(torch.optim, known)]
    if not names:
        raise SpecError(
            f"optimizer: {type(optimizer).__name__} cannot be shared; what can is torch.optim's "
            f"{', '.join(_ELEMENTWISE)}",
            argument="optimizer",
        )
    node = node_memory(group)
    if node is not None and node.ranks > 1:
        sharing = _Sharing(optimizer, node)
        optimizer.register_step_pre_hook(sharing.before_step)
        optimizer.register_step_post_hook(sharing.after_step)
        optimizer.register_load_state_dict_post_hook(sharing.after_load)
    return optimizer


class _Sharing:
    """While ``optimizer`` steps, it holds slices in the place of its parameters and their state."""

    def __init__(self, optimizer: torch.optim.Optimizer, node: NodeMemory) -> None:
        self._node = node
        self._slices: dict[torch.Tensor, torch.Tensor] = {}
        self._states: dict[torch.Tensor, dict[str, Any]] | None = None  # of slices, by parameter
        self._whole: tuple[Any, list[list[torch.Tensor]]] | None = None
        self._private: set[torch.Tensor] = set()
        self._share_parameters(optimizer)

    def before_step(self, optimizer: Any, arguments: Any, named: Any) -> None:
        """Put slices in the place of the parameters. Raises RuntimeStateError for a closure."""
        if any(callable(given) for given in (*arguments[1:], *named.values())):
            raise RuntimeStateError(
                "step(closure) of a shared optimizer: call backward() before step() instead"
            )
        self._after_failure(optimizer)
        self._share_parameters(optimizer)
        states = self._taken(optimizer) if self._states is None else self._states
        self._states = states
        self._whole = optimizer.state, [group["params"] for group in optimizer.param_groups]
        inner: Any = defaultdict(dict)
        inner |= {p: state for p, state in optimizer.state.items() if p not in self._slices}
        inner |= {self._slices[p]: state for p, state in states.items()}
        optimizer.state = inner
        for group in optimizer.param_groups:
            group["params"] = [self._slices.get(p, p) for p in group["params"]]
        for parameter, part in self._slices.items():
            part.grad = None if parameter.grad is None else self._slice(parameter.grad)
        self._node.meet()  # nobody computes with the old parameters any more

    def after_step(self, optimizer: Any, _arguments: Any, _named: Any) -> None:
        """Put the parameters back, with the whole of their state."""
        inner = optimizer.state
        self._after_failure(optimizer)
        for parameter, part in self._slices.items():
            part.grad = None
            if part in inner:
                self._states[parameter] = inner.pop(part)  # type: ignore[index]
        optimizer.state.update(inner)
        self._show(optimizer.state)
        self._node.meet()  # everybody has written

    def after_load(self, _optimizer: Any) -> None:
        """Take the loaded state up when the next step begins."""
        self._states = None

    def _after_failure(self, optimizer: Any) -> None:
        """Put back what a step has taken, also one that ended with an exception."""
        if self._whole is None:
            return
        optimizer.state, whole = self._whole
        for group, parameters in zip(optimizer.param_groups, whole, strict=False):
            group["params"] = parameters
        self._whole = None

    def _share_parameters(self, optimizer: Any) -> None:
        """Move parameters that are not yet, into memory that all ranks of the node see."""
        every = [p for group in optimizer.param_groups for p in group["params"]]
        new = [p for p in every if p not in self._slices and p not in self._private and _is_big(p)]
        if not new:
            return
        common = self._node.common(new, _COPIES)
        if common is None:
            self._private.update(new)
            return
        for parameter, shared in zip(new, common, strict=True):
            self._slice(shared).copy_(self._slice(parameter))
        self._node.meet()
        for parameter, shared in zip(new, common, strict=True):
            parameter.data = shared
            self._slices[parameter] = torch.nn.Parameter(self._slice(shared))
        give_back_now()  # the memory that the parameters had

    def _taken(self, optimizer: Any) -> dict[torch.Tensor, dict[str, Any]]:
        """The slices of the state that the optimizer begins with: none, or one that was loaded."""
        states = {}
        for parameter in self._slices.keys() & optimizer.state.keys():
            found, optimizer.state[parameter] = optimizer.state[parameter], {}
            states[parameter] = {
                name: self._slice(value).clone() if _is_of(value, parameter) else value
                for name, value in found.items()
            }
        return states

    def _show(self, whole: Any) -> None:
        """Show the state of the slices as that of the parameters."""
        new: list[tuple[torch.Tensor, str]] = []
        for parameter, part in self._slices.items():
            for name, value in (self._states or {}).get(parameter, {}).items():
                if not _is_of(value, part):
                    whole[parameter][name] = value
                elif name not in whole[parameter]:
                    new.append((parameter, name))
        if new:
            self._share_state(whole, new)

    def _share_state(self, whole: Any, new: list[tuple[torch.Tensor, str]]) -> None:
        """Move new state of the slices into memory that all ranks of the node see."""
        assert self._states is not None  # a step has been made
        kinds = [p.detach().to(self._states[p][name].dtype) for p, name in new]
        common = self._node.common(kinds)
        if common is None:
            raise CollectiveError(
                "no shared memory left for the optimizer's state: make /dev/shm larger, or do "
                "without share_optimizer"
            )
        for (parameter, name), shared in zip(new, common, strict=True):
            part = self._slice(shared)
            self._states[parameter][name] = part.copy_(self._states[parameter][name])
            whole[parameter][name] = shared

    def _slice(self, tensor: torch.Tensor) -> torch.Tensor:
        """The elements of this rank, flat."""
        rank, ranks = self._node.rank, self._node.ranks
        low, high = (
            tensor.numel() * edge // ranks // _ALIGNED * _ALIGNED for edge in (rank, rank + 1)
        )
        return tensor.detach().view(-1)[low : tensor.numel() if rank == ranks - 1 else high]


def _is_big(parameter: torch.Tensor) -> bool:
    return parameter.is_cpu and parameter.is_contiguous() and parameter.numel() >= _LEAST


def _is_of(value: Any, owner: torch.Tensor) -> bool:
    """Whether a value of the state has an element for each of its parameter's."""
    return isinstance(value, torch.Tensor) and value.numel() == owner.numel()
