"""torch.sagemaker.nn.huggingface.llama_flashattn: Llama's attention in CUDA kernels."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.layer_kinds import LlamaFlashAttention

__all__ = ["LlamaFlashAttention"]
