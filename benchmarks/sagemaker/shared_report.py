"""The table and the last line of benchmarks/launch, which every benchmark here prints."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_PATH = Path(__file__).resolve().parents[1] / "launch" / "report.py"
_spec = importlib.util.spec_from_file_location("report", _PATH)
assert _spec is not None
assert _spec.loader is not None
report = importlib.util.module_from_spec(_spec)
sys.modules["report"] = report  # dataclasses look their module up
_spec.loader.exec_module(report)
