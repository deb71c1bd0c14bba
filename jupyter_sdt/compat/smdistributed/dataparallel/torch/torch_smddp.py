"""smdistributed.dataparallel.torch.torch_smddp: importing it makes the backend ``smddp`` known.

Afterwards a script uses torch.distributed with ``init_process_group(backend="smddp")``.
"""

from __future__ import annotations

import os

from jupyter_sdt.runtime.dataparallel import SmddpProcessGroup
from jupyter_sdt.runtime.dataparallel.best_model import await_best_model
from jupyter_sdt.runtime.process_environment import process_environment

__all__ = ["SmddpProcessGroup"]

# Hugging Face's Trainer looks here after the import; SageMaker's launcher sets it.
os.environ.setdefault("SMDATAPARALLEL_LOCAL_RANK", str(process_environment().local_rank))
await_best_model()
