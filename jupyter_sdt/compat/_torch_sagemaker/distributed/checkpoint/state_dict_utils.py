"""torch.sagemaker.distributed.checkpoint.state_dict_utils: what checkpoints are made of."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.state_dicts import (
    SMStateDictType,
    init_optim_state,
    sm_state_dict_type,
)

__all__ = ["SMStateDictType", "init_optim_state", "sm_state_dict_type"]
