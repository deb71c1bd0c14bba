"""smdistributed.modelparallel.torch.nn.huggingface.gptj: states of GPT-J."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.translating import GPTJ

translate_state_dict_to_hf_gptj = GPTJ.to_theirs
translate_hf_state_dict_to_smdistributed_gptj = GPTJ.from_theirs
translate_hf_gptj_state_dict_to_smdistributed_gptj = GPTJ.from_theirs

__all__ = [
    "translate_hf_gptj_state_dict_to_smdistributed_gptj",
    "translate_hf_state_dict_to_smdistributed_gptj",
    "translate_state_dict_to_hf_gptj",
]
