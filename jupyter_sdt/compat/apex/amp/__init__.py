"""apex.amp: mixed precision in four levels, on top of torch's autocast.

https://nvidia.github.io/apex/amp.html. O0 is plain float32; O1 computes under autocast in float16;
O2 has a float16 model with float32 weights for the optimizer; O3 is float16 throughout.
"""

from ._amp_state import _amp_state, master_params
from .casting import (
    float_function,
    half_function,
    promote_function,
    register_float_function,
    register_half_function,
    register_promote_function,
)
from .frontend import initialize, load_state_dict, state_dict
from .handle import disable_casts, scale_loss

__all__ = [
    "_amp_state",
    "disable_casts",
    "float_function",
    "half_function",
    "initialize",
    "load_state_dict",
    "master_params",
    "promote_function",
    "register_float_function",
    "register_half_function",
    "register_promote_function",
    "scale_loss",
    "state_dict",
]
