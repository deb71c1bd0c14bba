"""Ranks of tiny jobs, as in tests/runtime."""

from runtime.conftest import job, warm_server

__all__ = ["job", "warm_server"]
