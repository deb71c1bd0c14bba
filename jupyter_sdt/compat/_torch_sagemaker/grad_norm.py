"""torch.sagemaker.grad_norm: clipping gradients by the norm over the whole model."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.gradient_norm import clip_grad_norm_

__all__ = ["clip_grad_norm_"]
