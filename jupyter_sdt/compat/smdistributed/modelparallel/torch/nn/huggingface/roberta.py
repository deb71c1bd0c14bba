"""smdistributed.modelparallel.torch.nn.huggingface.roberta: states of RoBERTa."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.translating import ENCODER

translate_state_dict_to_hf_roberta = ENCODER.to_theirs
translate_hf_state_dict_to_smdistributed_roberta = ENCODER.from_theirs

__all__ = [
    "translate_hf_state_dict_to_smdistributed_roberta",
    "translate_state_dict_to_hf_roberta",
]
