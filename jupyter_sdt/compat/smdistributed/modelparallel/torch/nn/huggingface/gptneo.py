"""smdistributed.modelparallel.torch.nn.huggingface.gptneo: states of GPT-Neo."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.translating import GPT_NEO

translate_state_dict_to_hf_gptneo = GPT_NEO.to_theirs
translate_hf_state_dict_to_smdistributed_gptneo = GPT_NEO.from_theirs

__all__ = [
    "translate_hf_state_dict_to_smdistributed_gptneo",
    "translate_state_dict_to_hf_gptneo",
]
