"""State of torch that belongs to a thread: taken along from one thread or stage to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import torch

from jupyter_sdt.runtime.modelparallel.activations.recompute import asked
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Mode

_AUTOCAST_TYPES = ("cpu", "cuda")


def current_mode() -> Mode:
    """How this thread computes now."""
    autocast = tuple(
        (kind, torch.get_autocast_dtype(kind))
        for kind in _AUTOCAST_TYPES
        if torch.is_autocast_enabled(kind)
    )
    return Mode(torch.is_grad_enabled(), torch.is_inference_mode_enabled(), autocast, asked.get())


def entered() -> tuple[object, ...]:
    """All that a ``with`` block changes for its thread; equal where nothing is entered or left."""
    return (
        current_mode(),
        torch._C._dispatch_tls_local_include_set().raw_repr(),
        torch._C._dispatch_tls_local_exclude_set().raw_repr(),
        torch._C._len_torch_function_stack(),
        torch._C._len_torch_dispatch_stack(),
        torch._C._autograd._top_saved_tensors_default_hooks(True),
        torch._C._current_graph_task_id(),
        _stream(),
    )


def _stream() -> object:
    started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.cuda.current_stream() if started else None


def calling_mode() -> Mode:
    """How a module of another stage is to compute now.

    What torch.utils.checkpoint computes again in backward, that stage computes again by itself. It
    would keep its graph until then otherwise, as the caller's part of the graph holds no tensors.
    """
    mode = current_mode()
    if mode.grad and mode.recompute is None and _in_checkpoint():
        return mode._replace(recompute=True)
    return mode


def _in_checkpoint() -> bool:
    look = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    hooks = look(True) if look else None  # older versions cannot say
    return hooks is not None and hooks[0].__module__ == "torch.utils.checkpoint"


def applied(mode: Mode) -> AbstractContextManager[object]:
    """Compute in the given way."""
    return nullcontext() if mode == current_mode() else _changed(mode)


@contextmanager
def _changed(mode: Mode) -> Iterator[None]:
    with ExitStack() as stack:
        if mode.inference:
            stack.enter_context(torch.inference_mode())
        stack.enter_context(torch.set_grad_enabled(mode.grad))
        wanted = dict(mode.autocast)
        for kind in _AUTOCAST_TYPES:
            on = kind in wanted
            if on or torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, dtype=wanted.get(kind), enabled=on))
        yield
