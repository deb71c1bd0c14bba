"""Finding the module that is trained, and counting the samples it is given."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from jupyter_sdt.runtime.autolog.step_recorder import StepRecorder

# A script that never calls its model as a module would otherwise be searched for ever.
_SEARCHES = 3


class RootModule:
    """Watches every module during one step, then only the outermost one that was trained.

    The search costs about a microsecond per module call and lasts one step; the hook that stays
    costs as much once per step.
    """

    def __init__(self, torch: Any, recorder: StepRecorder) -> None:
        self._torch = torch
        self._recorder = recorder
        self._tensor = torch.Tensor
        # Outermost modules in the order of their first call.
        self._found: list[Any] = []
        self._inner: weakref.WeakSet[Any] = weakref.WeakSet()
        self._searches = 0
        self._hook: Any = None
        self.search()

    def search(self) -> None:
        """Look for the root from the next forward on."""
        if self._searches >= _SEARCHES:
            return
        self._searches += 1
        self._release()
        register = self._torch.nn.modules.module.register_module_forward_pre_hook
        self._hook = register(self._note_module)

    def settle(self, optimizer: Any) -> None:
        """Keep the first module seen that holds parameters of ``optimizer``."""
        if not self._found:
            return
        trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
        roots = [m for ref in self._found if (m := ref()) is not None]
        holds = (m for m in roots if any(id(p) in trained for p in m.parameters()))
        root = next(holds, roots[0] if roots else None)
        self._release()
        if root is not None:
            count = _NotCopied(self._count)
            self._hook = root.register_forward_pre_hook(count, with_kwargs=True)

    def _release(self) -> None:
        if self._hook is not None:
            self._hook.remove()
        self._hook = None
        self._found.clear()
        self._inner.clear()

    def _note_module(self, module: Any, arguments: tuple[Any, ...]) -> None:
        if self._torch.compiler.is_compiling() or not self._trains(module):
            return
        if not self._found:
            # Until the root is settled, the samples of the first module called stand for it.
            self._note_outermost(module)
            self._count(module, arguments, {})
        elif self._found[0]() is module:
            self._count(module, arguments, {})
        elif module not in self._inner:
            self._note_outermost(module)

    def _note_outermost(self, module: Any) -> None:
        self._found.append(weakref.ref(module))
        self._inner.update(module.modules())

    def _count(self, module: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        if self._torch.compiler.is_compiling() or not self._trains(module):
            return
        first = next(self._tensors((*arguments, *named.values())), None)
        if first is not None and first.ndim:
            self._recorder.samples += first.shape[0]

    def _trains(self, module: Any) -> bool:
        return bool(module.training and self._torch.is_grad_enabled())

    def _tensors(self, values: Any) -> Iterator[Any]:
        for value in values:
            if isinstance(value, self._tensor):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from self._tensors(value)
            elif isinstance(value, Mapping):
                yield from self._tensors(value.values())


class _NotCopied:
    """A hook that does nothing in a copy or a pickle of its module, and needs nothing of ours."""

    def __init__(self, call: Callable[..., None]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> None:
        self._call(*arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")
