"""horovod.tensorflow beside the optimizer: synchronized layers, local ones, values, old scripts."""

import pytest
from compat.tensorflow_scripts import HOROVOD, NEEDS_TENSORFLOW, run_script

pytestmark = [NEEDS_TENSORFLOW, pytest.mark.slow]

NORMALIZED = """
batch = np.random.default_rng(1).normal(2, 3, size=(10, 4, 3)).astype("float32")
mine = slice(0, 7) if rank == 0 else slice(7, 10)  # of different size
mask = np.random.default_rng(2).random((10, 4)) < 0.7

def normalized(layer, batch, mask, total):
    variable = tf.Variable(batch)
    @tf.function
    def run():
        with tf.GradientTape() as tape:
            result = layer(variable, training=True, mask=mask)
            loss = total(tf.reduce_sum(result ** 3 * 0.1))
        return result, tape.gradient(loss, [variable, *layer.trainable_variables])
    return run()

for given in (None, mask):
    synchronized, plainly = hvd.SyncBatchNormalization(), keras.layers.BatchNormalization()
    part = None if given is None else given[mine]
    ours, (of_batch, *of_weights) = normalized(
        synchronized, batch[mine], part, lambda loss: hvd.allreduce(loss, op=hvd.Sum))
    theirs, (of_whole, *of_all) = normalized(plainly, batch, given, lambda loss: loss)
    np.testing.assert_allclose(ours, theirs[mine], atol=1e-4)
    # The gradient of a sum over all ranks is added up over all ranks, too.
    np.testing.assert_allclose(of_batch / size, of_whole[mine], atol=1e-4)
    for one, other in zip(of_weights, of_all):
        np.testing.assert_allclose(hvd.allreduce(one), other, rtol=1e-3, atol=1e-4)
    for one, other in zip(synchronized.variables, plainly.variables):
        np.testing.assert_allclose(one, other, atol=1e-4)
    np.testing.assert_allclose(synchronized(batch), plainly(batch), atol=1e-4)  # no training

model = keras.Sequential([keras.Input((8,)), hvd.SyncBatchNormalization(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x[:8], y[:8], verbose=0)
if rank == 0:
    model.save("normalized.keras")
    keras.models.load_model("normalized.keras")
refused(lambda: hvd.SyncBatchNormalization(fused=True), ValueError, "fused=True")
"""

LOCAL = """
shared, local = tf.Variable(1.0), tf.Variable(1.0)
class Layer(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.weight = self.add_weight(shape=())
layer = Layer()
for scaled in (True, False):
    with tf.GradientTape() as tape:
        loss = (rank + 1.0) * (shared + local + layer.weight)
    tape = hvd.PartialDistributedGradientTape(
        tape, local_layers=[layer], scale_local_gradients=scaled)
    tape.register_local_source(local)
    average = sum(r + 1 for r in everyone) / size
    own = (rank + 1) / (size if scaled else 1)
    close(tape.gradient(loss, [shared, local, layer.weight]), [average, own, own])

import horovod.tensorflow.keras as hvd_keras
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)])
hvd.broadcast_variables(model.variables, 0)
descent = hvd_keras.PartialDistributedOptimizer(
    keras.optimizers.SGD(0.1), local_layers=model.layers[0])
model.compile(descent, "mse")
model.fit(x[mine], y[mine], verbose=0)
same_everywhere(model.layers[1].variables)
refused(lambda: same_everywhere(model.layers[0].variables), AssertionError, "")
hvd.barrier()
"""

VALUES = """
close(hvd_keras.allreduce(rank, "metric", op=hvd.Sum), sum(everyone))
close(hvd_keras.allreduce(value=float(rank), average=True), sum(everyone) / size)
close(hvd_keras.allgather([rank], "all"), list(everyone))
close(hvd_keras.broadcast(rank, 1), 1)
close(hvd_keras.reducescatter(tf.ones([size, 2]), "part", op=hvd.Sum), [[size, size]])

adam = keras.optimizers.Adam(lr=0.25)  # what Keras 2 took
assert float(adam.lr) == 0.25
adam.lr = 0.5
adam.lr.assign(adam.lr * 2)
assert float(adam.learning_rate) == 1.0
model.compile(hvd.DistributedOptimizer(adam), "mse", experimental_run_tf_function=False)
model.fit(x[mine], y[mine], verbose=0)
assert len(adam.variables()) == len(adam.variables)
model.save(f"saved/{rank}")
loaded = tf.saved_model.load(f"saved/{rank}")
np.testing.assert_allclose(loaded.serve(x), model(x), atol=1e-5)
refused(lambda: model.save("model.txt"), ValueError, ".keras")
"""


def test_normalization_local_layers_values_and_what_keras_2_took(job):
    run_script(job, HOROVOD + NORMALIZED.replace("mine", "some") + LOCAL + VALUES)
    # Every step was counted: of three times fit(), and of the loop with a tape.
    records = job.metrics(source="autolog")
    assert [record.step for record in records] == sorted(record.step for record in records)
    assert records[-1].step == 5
    for record in (records[0], records[-1]):
        assert {"loss", "learning_rate", "epoch"} <= set(record.values)
