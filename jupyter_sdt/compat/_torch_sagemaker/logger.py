"""torch.sagemaker.logger: the logger that scripts share with the library."""

from __future__ import annotations

import logging
import sys

_NAME = "torch.sagemaker"


def get_logger(name: str = _NAME) -> logging.Logger:
    """A logger that writes lines of level INFO and above to stderr, with their time."""
    found = logging.getLogger(name)
    if not found.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("[%(asctime)s: %(levelname)s %(name)s] %(message)s"))
        found.addHandler(handler)
        found.setLevel(logging.INFO)
        found.propagate = False
    return found
