"""smdistributed.dataparallel.torch.torch_smddp: importing it makes the backend ``smddp`` known.

Afterwards a script uses torch.distributed with ``init_process_group(backend="smddp")``.
"""

from __future__ import annotations

# Importing our backend registers it.
from jupyter_sdt.runtime.dataparallel import SmddpProcessGroup

__all__ = ["SmddpProcessGroup"]
