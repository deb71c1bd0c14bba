"""smdistributed.modelparallel.torch.nn.huggingface.bert: states of BERT."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.translating import ENCODER

translate_state_dict_to_hf_bert = ENCODER.to_theirs
translate_hf_state_dict_to_smdistributed_bert = ENCODER.from_theirs

__all__ = [
    "translate_hf_state_dict_to_smdistributed_bert",
    "translate_state_dict_to_hf_bert",
]
