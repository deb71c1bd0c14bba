"""smdistributed.modelparallel.torch.nn.huggingface.gpt2: states of GPT-2."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.translating import GPT2

translate_state_dict_to_hf_gpt2 = GPT2.to_theirs
translate_hf_state_dict_to_smdistributed_gpt2 = GPT2.from_theirs
translate_hf_state_dict_to_smdistributed = GPT2.from_theirs

__all__ = [
    "translate_hf_state_dict_to_smdistributed",
    "translate_hf_state_dict_to_smdistributed_gpt2",
    "translate_state_dict_to_hf_gpt2",
]
