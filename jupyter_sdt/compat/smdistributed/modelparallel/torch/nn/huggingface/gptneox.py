"""smdistributed.modelparallel.torch.nn.huggingface.gptneox: states of GPT-NeoX."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.translating import GPT_NEOX

translate_state_dict_to_hf_gptneox = GPT_NEOX.to_theirs
translate_hf_state_dict_to_smdistributed_gptneox = GPT_NEOX.from_theirs
translate_hf_gptneox_state_dict_to_smdistributed_gptneox = GPT_NEOX.from_theirs

__all__ = [
    "translate_hf_gptneox_state_dict_to_smdistributed_gptneox",
    "translate_hf_state_dict_to_smdistributed_gptneox",
    "translate_state_dict_to_hf_gptneox",
]
