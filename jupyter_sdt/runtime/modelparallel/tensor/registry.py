"""``smp.tp_register``: which module takes the place of which, and how calls are translated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

Hook = Callable[..., Any]
Kind = type[nn.Module]
_ARGUMENTS = "_sdt_made_with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """``distributed`` is made and called with what the hooks return, (args, kwargs) each.

    ``init_hook`` and ``forward_hook`` take the arguments of the original; ``return_hook`` turns
    what the distributed module returns into what the original would.
    """

    distributed: Callable[..., nn.Module]
    init_hook: Hook | None = None
    forward_hook: Hook | None = None
    return_hook: Hook | None = None

    def make(self, module: nn.Module) -> nn.Module | None:
        """What takes the place of ``module``; None if that was made before its registration.

        Raises SpecError for sizes that cannot be divided.
        """
        made_with = getattr(module, _ARGUMENTS, None)
        if made_with is None:
            return None
        arguments, named = made_with
        if self.init_hook is not None:
            found = self.init_hook(*arguments, **named)
            if found is None:
                return None
            arguments, named = found
        made = self.distributed(*arguments, **named)
        self._translate_calls(made)
        for parameter in module.parameters():  # which were made in a context that is over
            made.to(device=parameter.device, dtype=parameter.dtype)
            break
        return made.train(module.training)

    def _translate_calls(self, made: nn.Module) -> None:
        before, after = self.forward_hook, self.return_hook
        if before is not None:
            made.register_forward_pre_hook(
                lambda _, arguments, named: before(*arguments, **named), with_kwargs=True
            )
        if after is not None:
            made.register_forward_hook(lambda _module, _given, returned: after(returned))


_registered: dict[Kind, Replacement] = {}


def tp_register_with_module(
    module_cls: Kind,
    dist_module: Kind,
    init_hook: Hook | None = None,
    forward_hook: Hook | None = None,
    return_hook: Hook | None = None,
) -> None:
    """Let ``dist_module`` take the place of modules of ``module_cls`` that are made from now on.

    ``init_hook`` and ``forward_hook`` have the signatures of ``module_cls.__init__`` and
    ``forward`` without ``self``, and return (args, kwargs) for ``dist_module``; an ``init_hook``
    that returns None leaves that one module as it is. A second registration replaces the first.
    https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch_tensor_parallel.html
    """
    if module_cls not in _registered:
        _remember_arguments(module_cls)
    _registered[module_cls] = Replacement(
        distributed=dist_module,
        init_hook=init_hook,
        forward_hook=forward_hook,
        return_hook=return_hook,
    )


def tp_register(
    dist_module: Kind,
    init_hook: Hook | None = None,
    forward_hook: Hook | None = None,
    return_hook: Hook | None = None,
) -> Callable[[Kind], Kind]:
    """As :func:`tp_register_with_module`, for the class below it."""

    def register(module_cls: Kind) -> Kind:
        tp_register_with_module(module_cls, dist_module, init_hook, forward_hook, return_hook)
        return module_cls

    return register


def replacement_of(kind: Kind) -> Replacement | None:
    """What was registered for exactly this class: subclasses may compute something else."""
    return _registered.get(kind)


def _remember_arguments(kind: Kind) -> None:
    original = kind.__init__

    @functools.wraps(original)
    def remembering(self: nn.Module, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        if type(self) is kind:
            object.__setattr__(self, _ARGUMENTS, (arguments, named))

    kind.__init__ = remembering  # type: ignore[method-assign]
