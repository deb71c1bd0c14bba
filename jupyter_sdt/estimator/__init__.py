"""SageMaker's words -> JobSpec; ``fit()``."""

from jupyter_sdt.estimator.estimator import Estimator
from jupyter_sdt.estimator.source import CellSource

__all__ = ["CellSource", "Estimator"]
