"""horovod.keras: another name of horovod.tensorflow.keras."""

from __future__ import annotations

import sys

from ..tensorflow import keras
from ..tensorflow.keras import *  # noqa: F403
from ..tensorflow.keras import __all__ as __all__

for _part in ("callbacks", "elastic"):
    sys.modules[f"{__name__}.{_part}"] = getattr(keras, _part)
__getattr__ = keras.__getattr__
