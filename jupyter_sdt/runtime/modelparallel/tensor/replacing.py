"""Putting divided modules in the place of the script's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.delayed_init import agree_on_seeds, initialise
from jupyter_sdt.runtime.modelparallel.tensor.embedding import DistributedEmbedding
from jupyter_sdt.runtime.modelparallel.tensor.gpt2 import divide_gpt2, is_gpt2
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.kinds import kind_of
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.replacing import replacement
from jupyter_sdt.runtime.modelparallel.tensor.linear import DistributedLinear
from jupyter_sdt.runtime.modelparallel.tensor.marks import is_marked, options_of
from jupyter_sdt.runtime.modelparallel.tensor.peers import current_peers
from jupyter_sdt.runtime.modelparallel.tensor.registry import replacement_of
from jupyter_sdt.runtime.modelparallel.tensor.t5 import divide_t5, is_t5

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def distribute(model: nn.Module) -> nn.Module:
    """Replace what is marked in ``model``, in place, and return it, or what replaced itself.

    The outermost module that can be replaced is. Left alone are those that share parameters with
    others, those whose sizes cannot be divided, and parts of torch's own transformer modules, which
    read their weights past them. Linear layers and embeddings keep the weights of the first tensor
    peer, and so do models of Hugging Face; registered modules get new ones. With a single rank only
    the latter are replaced. All tensor peers call it together.
    """
    agree_on_seeds()
    if current_peers().size == 1 and not any(map(options_of_marked, model.modules())):
        return model
    return _Distribution(model).of(model, "")


def options_of_marked(module: nn.Module) -> bool:
    """Whether ``module`` may become one of ``smp.nn`` even if it is not divided."""
    return is_marked(module) and options_of(module) is not None


class _Distribution:
    def __init__(self, model: nn.Module) -> None:
        self._holders = Counter(id(tensor) for tensor in _held(model))
        self._done: dict[nn.Module, nn.Module] = {}

    def of(self, module: nn.Module, prefix: str) -> nn.Module:
        """``prefix`` is the module's name, with a dot."""
        if module not in self._done:
            made = self._made(module, prefix) if is_marked(module) else None
            self._done[module] = module if made is None else made
            if made is None and not _reads_past_children(module):
                for name, child in module._modules.items():
                    if child is not None:
                        module._modules[name] = self.of(child, f"{prefix}{name}.")
        return self._done[module]

    def _made(self, module: nn.Module, prefix: str) -> nn.Module | None:
        inside = Counter(id(tensor) for tensor in _held(module))
        if any(self._holders[tensor] > count for tensor, count in inside.items()):
            return None
        try:
            return _named_like_ours(module, prefix) or _divided(module)
        except SpecError:
            return None


def _named_like_ours(module: nn.Module, prefix: str) -> nn.Module | None:
    """A model of ``smp.nn`` in the place of Hugging Face's."""
    options = options_of(module)
    if options is None or replacement_of(type(module)) or kind_of(module) is None:
        return None
    _share(module)
    return replacement(module, prefix, options)


def _divided(module: nn.Module) -> nn.Module | None:
    if current_peers().size == 1:
        return None
    registered = replacement_of(type(module))
    if registered is not None:
        return registered.make(module)
    if type(module) is nn.Linear and _divides(module.in_features):
        _share(module)
        return DistributedLinear.of(module)
    if type(module) is nn.Embedding and _divides(module.embedding_dim) and module.max_norm is None:
        _share(module)
        return DistributedEmbedding.of(module)
    for fits, divide in ((is_gpt2, divide_gpt2), (is_t5, divide_t5)):
        if fits(module):
            _share(module)
            return divide(module)
    return None


def _divides(size: int) -> bool:
    return size % current_peers().size == 0


def _share(module: nn.Module) -> None:
    """Slices of peers are to be slices of one matrix, whatever the seeds were."""
    initialise(module)
    for tensor in module.parameters():
        current_peers().copy_first(tensor.detach())


def _held(model: nn.Module) -> Iterator[torch.Tensor]:
    """Parameters, as often as there are modules that hold them."""
    for module in model.modules():
        yield from (tensor for tensor in module._parameters.values() if tensor is not None)


def _reads_past_children(module: nn.Module) -> bool:
    torchs = type(module).__module__.startswith("torch.nn.modules.")
    return torchs and not isinstance(module, _CONTAINERS)
