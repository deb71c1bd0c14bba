"""The names of NVIDIA's apex that training scripts use, in plain torch: on GPUs and on CPUs.

https://nvidia.github.io/apex/. The project of this name on PyPI is another one.
"""

from . import amp, multi_tensor_apply, normalization, optimizers, parallel

__all__ = ["amp", "multi_tensor_apply", "normalization", "optimizers", "parallel"]
__version__ = "0.1"
