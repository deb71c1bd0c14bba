"""smdistributed.modelparallel.torch.nn.huggingface: states of Hugging Face's models, both ways."""

from __future__ import annotations

from . import bert, gpt2, gptj, gptneo, gptneox, roberta

__all__ = ["bert", "gpt2", "gptj", "gptneo", "gptneox", "roberta"]
