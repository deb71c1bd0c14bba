"""smdistributed.modelparallel.torch.state_mod: ``state.cfg``, ``state.module_manager`` and more."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.script_state import state

__all__ = ["state"]
