"""smdistributed.dataparallel.torch.torch_smddp: importing it makes the backend ``smddp`` known.

Afterwards a script uses torch.distributed with ``init_process_group(backend="smddp")``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch.distributed as dist

from jupyter_sdt.compat import register_smddp


def _create_gloo(store: Any, rank: int, size: int, timeout: timedelta) -> Any:
    return dist.ProcessGroupGloo(store, rank, size, timeout)


if not register_smddp() and "smddp" not in dist.Backend.backend_list:
    dist.Backend.register_backend("smddp", _create_gloo, devices=["cpu"])
