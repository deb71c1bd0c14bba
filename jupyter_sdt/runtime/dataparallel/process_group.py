"""The torch process group behind ``init_process_group("smddp")``.

Within a node AllReduce, broadcast, AllGather, ReduceScatter and barriers go through shared memory,
between nodes each part travels once (gloo). Everything else is gloo's, and so is everything where
memory cannot be shared: on processors other than x86-64, for instance. Tensors on GPUs are NCCL's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch._C import _distributed_c10d as c10d

from jupyter_sdt.runtime.dataparallel.arithmetic import combine, operation
from jupyter_sdt.runtime.dataparallel.behind import (
    BackendBehind,
    broadcast_options,
    listed,
    reduce_options,
)
from jupyter_sdt.runtime.dataparallel.collectives import SharedCollectives
from jupyter_sdt.runtime.dataparallel.headers import described, is_in_detail
from jupyter_sdt.runtime.dataparallel.node_memory import NodeMemory
from jupyter_sdt.runtime.dataparallel.rows import Rows
from jupyter_sdt.runtime.dataparallel.topology import share
from jupyter_sdt.runtime.dataparallel.work import CollectiveWork, Line
from jupyter_sdt.runtime.virtual_cuda import virtual_cuda_answers

NAME = "smddp"


class SmddpProcessGroup(BackendBehind):
    """One rank's part of a group; made by ``init_process_group`` and ``new_group``.

    Raises CollectiveError out of a collective, or out of its work's ``wait()``, when a rank is
    gone, does not come in time, or asks for something else.
    """

    def __init__(self, store: Any, rank: int, size: int, timeout: timedelta) -> None:
        # The stubs know only the constructor that does not work for subclasses.
        super().__init__(rank, size)  # type: ignore[call-arg]
        self._store = store
        inner = c10d.PrefixStore("gloo", store)
        self._gloo: Any = dist.ProcessGroupGloo(inner, rank, size, timeout)
        self._gloo._set_sequence_number_for_group()
        # What is overridden nowhere, and what C++ calls past Python, finds gloo here.
        kind = dist.ProcessGroup.BackendType.GLOO
        self._register_backend(torch.device("cpu"), kind, self._gloo)
        self._set_default_backend(kind)
        if torch.cuda.is_available() and not virtual_cuda_answers():
            nccl: Any = dist.ProcessGroupNCCL
            options = nccl.Options()
            options._timeout = timeout
            gpus = nccl(c10d.PrefixStore("nccl", store), rank, size, options)
            self._register_backend(torch.device("cuda"), dist.ProcessGroup.BackendType.NCCL, gpus)
        self._sharing = share(self._gloo, store, timeout)
        self._shared = SharedCollectives(self._sharing, size) if self._sharing else None
        # Between nodes gloo sums; it knows fewer dtypes, and no ReduceScatter by parts.
        self._one_node = self._sharing is not None and self._sharing.across is None
        self._line = Line()
        self.node = self.rows = None
        if self._sharing is not None and self._shared is not None:
            self.node = NodeMemory(self._sharing, self._shared, self._line)
            self.rows = Rows(self._sharing.exchange, self._line) if self._one_node else None
        self._detail = is_in_detail()

    def getBackendName(self) -> str:  # noqa: N802 - torch's name for it
        """The name that ``group.name()`` shows."""
        return NAME

    def get_group_store(self) -> Any:
        """The store that the ranks met at."""
        return self._store

    def allreduce(self, tensors: Any, opts: Any = None) -> Any:  # type: ignore[override]
        """Combine the tensor of all ranks in place."""
        tensors, options = listed(tensors), reduce_options(opts)
        # DDP's C++ calls from backward(); everybody else through a function of Python.
        kept = sys._getframe(1).f_code.co_name == "_engine_run_backward"
        work = self._reduce_all(tensors, options)
        if work is None:
            return self._plain(tensors[0]).allreduce(tensors, options)
        if kept and self.node is not None:
            self.node.expect(tensors[0])
        return work

    def allreduce_coalesced(self, tensors: Any, opts: Any = None) -> Any:
        """Combine several tensors at once."""
        options = opts or c10d.AllreduceCoalescedOptions()
        return self._reduce_all(tensors, options) or self._plain(tensors[0]).allreduce_coalesced(
            tensors, options
        )

    def broadcast(self, tensors: Any, opts: Any = None) -> Any:  # type: ignore[override]
        """Copy one rank's tensor to all."""
        tensors, options = listed(tensors), broadcast_options(opts)
        shared, tensor, root = self._shared, tensors[0], options.rootRank
        if shared is None or len(tensors) > 1 or not _usable(tensor):
            return self._plain(tensors[0]).broadcast(tensors, options)
        header = self._header(f"broadcast from rank {root}", tensors)
        return self._add(lambda: shared.broadcast(tensor, root, header), tensors, options)

    def allgather(self, output_tensors: Any, input_tensors: Any, opts: Any = None) -> Any:
        """Collect the tensors of all ranks in a list."""
        options = opts or c10d.AllgatherOptions()
        outputs, tensor = output_tensors[0], input_tensors[0]
        if not (_usable(tensor) and _alike([tensor, *outputs]) and len(outputs) == self.size()):
            return self._plain(tensor).allgather(output_tensors, input_tensors, options)
        work = self._gather_all(outputs, tensor, options, outputs)
        return work or self._plain(tensor).allgather(output_tensors, input_tensors, options)

    def all_gather_single(self, output: Any, tensor: Any, opts: Any = None) -> Any:
        """Collect the tensors of all ranks in one tensor."""
        options = opts or c10d.AllgatherOptions()
        work = None
        if _usable(tensor) and output.is_contiguous() and _is_whole(output, tensor, self.size()):
            outputs = output.view(-1).split(max(tensor.numel(), 1)) if tensor.numel() else ()
            work = self._gather_all(outputs, tensor, options, [output])
        return work or self._plain(tensor)._allgather_base(_flat(output), _flat(tensor), options)

    def all_gather_single_coalesced(self, outputs: Any, inputs: Any, opts: Any = None) -> Any:
        """Several of them."""
        pairs = zip(outputs, inputs, strict=True)
        return _together([self.all_gather_single(*pair, opts) for pair in pairs], outputs)

    def reduce_scatter(  # type: ignore[override]
        self, output_tensors: Any, input_tensors: Any, opts: Any = None
    ) -> Any:
        """Combine a list of tensors of all ranks; rank r keeps the r-th."""
        options = opts or c10d.ReduceScatterOptions()
        output, inputs = output_tensors[0], input_tensors[0]
        work = self._scatter(output, inputs, options) if _alike([output, *inputs]) else None
        return work or self._plain(output).reduce_scatter(output_tensors, input_tensors, options)

    def reduce_scatter_single(self, output: Any, tensor: Any, opts: Any = None) -> Any:
        """Combine one tensor of all ranks; rank r keeps the r-th share."""
        options = opts or c10d.ReduceScatterOptions()
        work = None
        if output.numel() and _is_whole(tensor, output, self.size()):
            shares = tensor.contiguous().view(-1).split(output.numel())
            work = self._scatter(output, shares, options)
        flat = _flat(output), _flat(tensor)
        return work or self._plain(output)._reduce_scatter_base(*flat, options)

    def reduce_scatter_single_coalesced(self, outputs: Any, inputs: Any, opts: Any = None) -> Any:
        """Several of them."""
        pairs = zip(outputs, inputs, strict=True)
        return _together([self.reduce_scatter_single(*pair, opts) for pair in pairs], outputs)

    # Older torch's names.
    _allgather_base = all_gather_single  # type: ignore[assignment]
    allgather_into_tensor_coalesced = all_gather_single_coalesced  # type: ignore[assignment]
    _reduce_scatter_base = reduce_scatter_single  # type: ignore[assignment]
    reduce_scatter_tensor_coalesced = reduce_scatter_single_coalesced  # type: ignore[assignment]

    def barrier(self, opts: Any = None) -> Any:
        """Wait for all ranks."""
        options = opts or c10d.BarrierOptions()
        if self._shared is None:
            return self._gloo.barrier(options)
        return self._add(self._shared.barrier, [], options)

    def shutdown(self) -> None:
        """Leave: ranks that still wait for this one are told."""
        self._line.close()
        if self._sharing is not None:
            self._sharing.segment.close()
        super().shutdown()

    def _reduce_all(self, tensors: Any, options: Any) -> CollectiveWork | None:
        shared, op = self._shared, operation(options.reduceOp)
        if shared is None or not all(self._reduces(tensor, op) for tensor in tensors):
            return None
        header, wish = self._header("all_reduce", tensors, op), shared.wish(tensors)
        return self._add(lambda: shared.all_reduce(tensors, op, header, wish), tensors, options)

    def _gather_all(
        self, outputs: Sequence[Any], tensor: Any, options: Any, results: list[Any]
    ) -> CollectiveWork | None:
        shared = self._shared
        if shared is None or not tensor.numel():
            return None
        header = self._header("all_gather", [tensor])
        return self._add(lambda: shared.all_gather(outputs, tensor, header), results, options)

    def _scatter(self, output: Any, inputs: Any, options: Any) -> CollectiveWork | None:
        shared, op = self._shared, operation(options.reduceOp)
        if shared is None or not self._one_node or not self._reduces(output, op):
            return None
        header = self._header("reduce_scatter", [output], op)
        return self._add(
            lambda: shared.reduce_scatter(output, inputs, op, header), [output], options
        )

    def _plain(self, tensor: torch.Tensor) -> Any:
        """The backend for what is not done through shared memory: gloo, for GPUs NCCL."""
        return self._gloo if tensor.is_cpu else self._get_backend(tensor.device)

    def _reduces(self, tensor: torch.Tensor, op: Any) -> bool:
        known = self._one_node or tensor.dtype != torch.int16
        return known and _usable(tensor) and combine(op, tensor.dtype) is not None

    def _header(self, name: str, tensors: Sequence[torch.Tensor], op: Any = None) -> str:
        if self._detail:
            sizes = tuple(tuple(tensor.shape) for tensor in tensors)
        else:
            sizes = tuple((tensor.numel(),) for tensor in tensors)
        return described(name, tensors[0].dtype, sizes, op)

    def _add(self, action: Any, tensors: Any, options: Any) -> CollectiveWork:
        return self._line.add(action, tensors, later=options.asyncOp)


def _usable(tensor: torch.Tensor) -> bool:
    """Whether the bytes of ``tensor`` are its values, here in this process."""
    return tensor.layout == torch.strided and tensor.is_cpu and not tensor.is_quantized


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    """A view in one dimension where there is one: gloo compares shapes, where sizes are enough."""
    return tensor.view(-1) if _usable(tensor) and tensor.is_contiguous() else tensor


def _alike(tensors: Sequence[torch.Tensor]) -> bool:
    return len({(tensor.numel(), tensor.dtype) for tensor in tensors}) == 1


def _is_whole(whole: torch.Tensor, share: torch.Tensor, ranks: int) -> bool:
    return whole.numel() == share.numel() * ranks and whole.dtype == share.dtype


def _together(works: Sequence[Any], outputs: Any) -> CollectiveWork:
    """One work for several that were called already."""
    line = Line()
    return line.add(lambda: [work.wait() for work in works], list(outputs), later=True)
