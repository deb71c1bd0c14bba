"""A DDP communication hook that reduces gradients in buffers of one size, where they lie.

torch's reducer says in which order gradients arrive and when they are there; its own small buckets
carry no more than that news. Their memory is exchanged for places in the buffers, one after the
other, so that the ``.grad`` of every parameter is a view of them.
"""

# No postponed annotations: DDP compares those of a hook with its own classes.
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket
from torch.futures import Future, collect_all

from jupyter_sdt.runtime.allocator import give_back_now
from jupyter_sdt.runtime.dataparallel.fusion_buffers import FusionBuffers

_AVERAGED = {torch.float32, torch.float64}  # where the sum of all ranks has room


@dataclass(slots=True)
class FusedGradients:
    """The gradients of ``model``, in buffers of at most ``limit`` bytes."""

    model: Any  # a weak reference to a DDP, whose reducer holds this
    sizes: Counter[torch.dtype]  # how many gradients there are of each dtype
    limit: int
    custom: Any = None  # the user's own hook and its state
    is_shadow: bool = False  # this rank has no more inputs and stands in with zeros
    rounds: int = 0  # backward passes that exchanged gradients
    divisor: int = 0
    by_dtype: dict[torch.dtype, FusionBuffers] = field(default_factory=dict)
    strays: set[int] = field(default_factory=set)  # buckets not all of whose gradients have moved
    works: list[Any] = field(default_factory=list)
    all_done: Future[None] = field(default_factory=Future)  # this round's works

    def on_bucket(self, bucket: GradBucket) -> Future[torch.Tensor]:
        """Reduce what can be reduced now that the gradients of ``bucket`` are there."""
        if bucket.index() == 0:
            self._begin()
        result, has_strays = bucket.buffer(), False
        if result.layout != torch.strided or not self._has_order():
            self._start(result)
        else:
            buffers = self._buffers_for(result)
            result = self._fill(buffers, bucket)
            for full in buffers.full():
                self._start(full)
            has_strays = bucket.index() in self.strays
        if bucket.is_last():
            _settle(self.all_done, self.works)
        elif not has_strays and result.layout == torch.strided:
            return _done(result)  # where torch expects it: nobody reads it before the last one
        return self.all_done.then(lambda done: _of(done, result, copied=has_strays))

    def _begin(self) -> None:
        model = self.model()
        self.rounds, self.works, self.all_done = self.rounds + 1, [], Future()
        self.divisor = dist.get_world_size(model.process_group)
        if model._join_config.enable and not model._divide_by_initial_world_size:
            present = torch.tensor(float(not self.is_shadow))
            dist.all_reduce(present, group=model.process_group)
            self.divisor = int(present.item())
        for buffers in self.by_dtype.values():
            buffers.empty()

    def _has_order(self) -> bool:
        """Whether torch has put its buckets in the order of the first backward pass, if it does."""
        model = self.model()
        return self.rounds > 1 or (model.find_unused_parameters and not model.static_graph)

    def _buffers_for(self, gradients: torch.Tensor) -> FusionBuffers:
        kind = gradients.dtype
        known = self.by_dtype.get(kind)
        is_new = known is not None and known.is_empty and not known.is_next(gradients)
        if known is None or (is_new and not self.is_shadow):
            # torch has made its buckets anew, while gradients may still lie in the old buffers.
            known = FusionBuffers(self.sizes[kind], kind, self.limit, self.model().process_group)
            self.by_dtype[kind] = known
        return known

    def _fill(self, buffers: FusionBuffers, bucket: GradBucket) -> torch.Tensor:
        """Put the gradients of ``bucket`` where they belong, unless they are there already."""
        inside = bucket.buffer()
        is_there = buffers.is_next(inside) and bucket.index() not in self.strays
        place = buffers.fill(inside.numel())
        if self.is_shadow:
            return place.zero_()
        if not is_there:
            self._move(bucket, place)
        return place

    @torch.no_grad()
    def _move(self, bucket: GradBucket, place: torch.Tensor) -> None:
        inside = bucket.buffer()
        first = int(inside.storage_offset())
        parts = [int(part.storage_offset()) - first for part in bucket.gradients()]
        pairs = zip(bucket.parameters(), parts, strict=True)
        if all([_moved(parameter, place, part) for parameter, part in pairs]):  # noqa: C419 - each
            self.strays.discard(bucket.index())
        else:
            self.strays.add(bucket.index())
        inside.data = place
        give_back_now()  # the memory that they had

    def _start(self, gradients: torch.Tensor) -> None:
        """Begin to average ``gradients`` over the ranks that have any."""
        group, op = self.model().process_group, dist.ReduceOp.SUM
        is_plain = gradients.layout == torch.strided and gradients.dtype in _AVERAGED
        if is_plain and self.divisor == dist.get_world_size(group) and _averages(group):
            op = dist.ReduceOp.AVG
        else:
            gradients.div_(self.divisor)
        self.works.append(dist.all_reduce(gradients, op, group=group, async_op=True))


def fused_hook(state: FusedGradients, bucket: GradBucket) -> Future[torch.Tensor]:
    """The hook that torch's reducer calls: the user's own one, where there is one."""
    if state.custom is None:
        return state.on_bucket(bucket)
    hook, its_state = state.custom
    answer: Future[torch.Tensor] = hook(its_state, bucket)
    return answer


def _moved(parameter: torch.Tensor, place: torch.Tensor, start: int) -> bool:
    """Move the gradient of ``parameter`` to ``place[start:]``; False where there is none.

    What the reducer has just put into ``.grad`` is its own view of its bucket, the same object. Let
    it show other memory, and the reducer will write there, too.
    """
    gradient = parameter.grad
    if gradient is None:
        place[start : start + parameter.numel()].zero_()
        return False
    offset = place.storage_offset() + start
    view = place.as_strided(gradient.size(), gradient.stride(), offset)
    if view.data_ptr() != gradient.data_ptr():
        view.copy_(gradient)
        gradient.data = view
    return True


def _averages(group: dist.ProcessGroup) -> bool:
    """Whether the ranks of ``group`` divide where they sum, each its part."""
    return getattr(group, "node", None) is not None


def _done(result: torch.Tensor) -> Future[torch.Tensor]:
    future: Future[torch.Tensor] = Future()
    future.set_result(result)
    return future


def _of(done: Future[None], result: torch.Tensor, *, copied: bool) -> torch.Tensor:
    done.value()  # raises what went wrong
    # torch copies to strays, and takes what it copies from the beginning of a storage.
    return result.clone() if copied else result


def _settle(all_done: Future[None], works: list[Any]) -> None:
    """Let ``all_done`` be so when all ``works`` are, well or not."""

    def tell(futures: Future[Any]) -> None:
        try:
            for future in futures.value():
                future.value()
        except Exception as error:  # noqa: BLE001 - raised by those who wait
            all_done.set_exception(error)  # type: ignore[arg-type] # torch's hint is that of a value
        else:
            all_done.set_result(None)

    collect_all([work.get_future() for work in works]).add_done_callback(tell)
