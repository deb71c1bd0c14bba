"""Classes that scripts name when they say which modules to wrap, and names for GPUs only.

In SageMaker's library ``transform()`` puts layers of NVIDIA's Transformer Engine into a model. Ours
leaves Hugging Face's there, so that ``isinstance`` is what remains of these classes: it is true for
the layers of a transformed model. Making one raises RuntimeStateError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from torch import nn

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel.hybrid.dividing import is_transformer_layer


def _is_language_model(module: object) -> bool:
    parts = module.modules() if isinstance(module, nn.Module) else ()
    return hasattr(module, "lm_head") and any(map(is_transformer_layer, parts))


def _is_moe_layer(module: object) -> bool:
    children = getattr(module, "_modules", {})
    return {"gate", "experts"} <= set(children)


class _Kind(type):
    """The type of classes whose instances are found by what they look like."""

    def __instancecheck__(cls, instance: object) -> bool:
        return bool(cls.fits(instance))  # type: ignore[attr-defined]


class _ForGpus(nn.Module):
    """Something that only exists as CUDA kernels."""

    needs = "NVIDIA's Transformer Engine"
    instead = "make the layer of transformers and call torch.sagemaker.transform(model)"

    def __init__(self, *_: Any, **__: Any) -> None:
        _refuse(type(self).__name__, self.needs, self.instead)


class TransformerLayer(_ForGpus, metaclass=_Kind):
    """A layer of a transformed model: attention and a feed-forward network."""

    fits: Callable[[object], bool] = staticmethod(is_transformer_layer)


class TETransformerLayer(TransformerLayer):
    """The same."""


class TransformerLMHead(_ForGpus, metaclass=_Kind):
    """A whole transformed model with its head."""

    fits: Callable[[object], bool] = staticmethod(_is_language_model)


class MoELayer(_ForGpus, metaclass=_Kind):
    """A router and its experts."""

    fits: Callable[[object], bool] = staticmethod(_is_moe_layer)


class LlamaFlashAttention(_ForGpus):
    """Llama's attention in the kernels of flash-attn."""

    needs = "the package flash-attn"
    instead = "make the model with attn_implementation='sdpa', which computes the same"


def setup_transformer_engine_cp_groups(*_: Any, **__: Any) -> NoReturn:
    """Context parallelism of Transformer Engine. Raises RuntimeStateError."""
    _refuse(
        "setup_transformer_engine_cp_groups",
        "NVIDIA's Transformer Engine",
        "context_parallel_degree works without it: call torch.sagemaker.transform(model)",
    )


def _refuse(name: str, needs: str, instead: str) -> NoReturn:
    raise RuntimeStateError(
        f"torch.sagemaker: {name} needs CUDA kernels of {needs}, which are not here; {instead}"
    )
