"""What scripts of the TensorFlow tests begin with, and running them on ranks."""

import sys

import pytest

NEEDS_TENSORFLOW = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="the extra `test` has no TensorFlow for this Python"
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}

PRELUDE = """
import numpy as np
import tensorflow as tf
keras = tf.keras
tf.config.threading.set_inter_op_parallelism_threads(2)

def close(found, expected):
    found = np.asarray(tf.cast(found, tf.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)

def refused(function, kind, words):
    try:
        function()
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"not refused: {words}")

def network(seed=0):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((8,)), keras.layers.Dense(300, "tanh"), keras.layers.Dense(1)]
    return keras.Sequential(layers)

numbers = np.random.default_rng(0)
x, y = (numbers.normal(size=(16, n)).astype("float32") for n in (8, 1))

def loss_of(model, x, y):
    return tf.reduce_mean((model(x) - y) ** 2)

def plain(optimizer, steps):
    model = network()
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = loss_of(model, x, y)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return [variable.numpy() for variable in variables]
"""

HOROVOD = """
import horovod.tensorflow as hvd
hvd.init()
rank, size = hvd.rank(), hvd.size()
everyone = range(size)
mine = slice(rank * 16 // size, (rank + 1) * 16 // size)

def same_everywhere(variables):
    for variable in variables:
        row = tf.reshape(tf.cast(tf.convert_to_tensor(variable), tf.float32), [1, -1])
        assert len(np.unique(hvd.allgather(row), axis=0)) == 1, variable
"""


def run_script(job, body, number=2):
    """Run PRELUDE and ``body`` on so many ranks; every one must come through."""
    job.write("entry_point.py", PRELUDE + body)
    job.start("entry_point.py", ranks=number, environment=QUIET, timeout=200)
    job.wait()
    assert job.codes == [0] * number, "\n".join(job.log(rank) for rank in range(number))
