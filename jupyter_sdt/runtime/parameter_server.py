"""``python -m jupyter_sdt.runtime.parameter_server``: one of TensorFlow's parameter servers.

It serves the task that TF_CONFIG gives it until the job's supervisor ends it.
https://www.tensorflow.org/api_docs/python/tf/distribute/Server
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Serve, on the CPU alone, as SageMaker's servers do."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        import tensorflow as tf  # noqa: PLC0415 - reads the variable when it is imported
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        sys.exit(
            f"TensorFlow is not installed for {sys.executable}: "
            "pip install 'jupyter-sdt[tensorflow]' brings it"
        )

    place = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    server = tf.distribute.Server(
        place.cluster_spec(), job_name=place.task_type, task_index=place.task_id, protocol="grpc"
    )
    server.join()


if __name__ == "__main__":
    main()
