"""Which environment variables hold secrets, judged by their names."""

from __future__ import annotations

import re

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
# TOKENIZERS_PARALLELISM and its like.
_NO_SECRET = re.compile(r"TOKENIZ", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a variable's value must not be written to a file or shown."""
    return bool(_SECRET.search(_NO_SECRET.sub("", name)))
