"""smdistributed.modelparallel.torch, on top of jupyter_sdt's own engine: ``... as smp``.

Written from SageMaker's documentation
(https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smd_model_parallel.html) and the paper
arXiv 2111.05972. What is not here is refused by name.
"""

from __future__ import annotations

from typing import NoReturn

from jupyter_sdt.runtime.modelparallel.activations.marks import set_activation_checkpointing
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint,
    save_checkpoint,
)
from jupyter_sdt.runtime.modelparallel.checkpoints.files import load, save
from jupyter_sdt.runtime.modelparallel.messages import (
    CommGroup,
    RankType,
    allgather,
    barrier,
    broadcast,
    recv_from,
    send,
)
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.step_output import StepOutput

from . import amp, exceptions, model, nn, optimizers, patches, ranks, state_mod, utils
from .contexts import *  # noqa: F403
from .contexts import __all__ as _contexts
from .nn import DistributedModule
from .ranks import *  # noqa: F403
from .state_mod import state

WORLD, MP_GROUP, DP_GROUP = CommGroup.WORLD, CommGroup.MP_GROUP, CommGroup.DP_GROUP
PP_GROUP, TP_GROUP, RDP_GROUP = CommGroup.PP_GROUP, CommGroup.TP_GROUP, CommGroup.RDP_GROUP

__all__ = [  # noqa: PLE0604
    "DP_GROUP",
    "MP_GROUP",
    "PP_GROUP",
    "RDP_GROUP",
    "TP_GROUP",
    "WORLD",
    "CommGroup",
    "DistributedModel",
    "DistributedModule",
    "DistributedOptimizer",
    "RankType",
    "StepOutput",
    "allgather",
    "amp",
    "barrier",
    "broadcast",
    "exceptions",
    "load",
    "model",
    "nn",
    "optimizers",
    "patches",
    "recv_from",
    "resume_from_checkpoint",
    "save",
    "save_checkpoint",
    "send",
    "set_activation_checkpointing",
    "state",
    "state_mod",
    "step",
    "utils",
    *_contexts,
    *ranks.__all__,
]


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"smdistributed.modelparallel.torch has no {name!r} in jupyter_sdt's version of it, which "
        "is used because SageMaker's library is not installed; docs/compat.md lists what there is"
    )
