"""Horovod with Keras 2, as tf_keras keeps it. No extra brings that: it asks for `tensorflow`."""

from importlib.util import find_spec

import pytest
from compat.tensorflow_scripts import HOROVOD, PRELUDE, QUIET

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("tf_keras") is None, reason="pip install --no-deps tf_keras"),
]

KERAS_2 = """
assert "tf_keras" in keras.Model.__module__, keras.Model.__module__
import horovod.keras as hvd_keras

def fitted(optimizer, batches, size_of_batch, **more):
    model = network(more.pop("seed", 0))
    model.compile(optimizer, "mse")
    model.fit(*batches, batch_size=size_of_batch, shuffle=False, verbose=0, epochs=2, **more)
    return model

share = (x[mine], y[mine])
for make in (keras.optimizers.SGD, keras.optimizers.legacy.SGD, keras.optimizers.legacy.Adam):
    whole = fitted(make(0.05), (x, y), 16)
    once = fitted(hvd.DistributedOptimizer(make(0.05)), share, 16 // size)
    twice = hvd.DistributedOptimizer(
        make(0.05), backward_passes_per_step=2, average_aggregated_gradients=True)
    assert isinstance(twice, make)
    both = fitted(twice, share, 16 // size // 2)
    assert int(twice.iterations) == 2
    for model in (once, both):
        for ours, theirs in zip(model.trainable_variables, whole.trainable_variables):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)

model = fitted(hvd_keras.DistributedOptimizer(keras.optimizers.Adam(0.01)), share, 4, seed=rank,
    callbacks=[
        hvd_keras.callbacks.BroadcastGlobalVariablesCallback(0),
        hvd_keras.callbacks.MetricAverageCallback(),
        hvd_keras.callbacks.LearningRateWarmupCallback(0.01, warmup_epochs=1),
    ])
same_everywhere(model.variables)
close(model.optimizer.lr, 0.01)

layer, plainly = hvd.SyncBatchNormalization(), keras.layers.BatchNormalization()
expected = plainly(x, training=True)[mine]
np.testing.assert_allclose(layer(x[mine], training=True), expected, atol=1e-4)
for one, other in zip(layer.variables, plainly.variables):
    np.testing.assert_allclose(one, other, atol=1e-5)
if rank == 0:
    model.save("kept.h5")
hvd.barrier()
loaded = hvd_keras.load_model("kept.h5")
close(loaded.optimizer.iterations, model.optimizer.iterations)
loaded.fit(*share, verbose=0)
same_everywhere(loaded.variables)
"""


def test_optimizers_callbacks_layers_and_models_of_keras_2(job):
    job.write("entry_point.py", PRELUDE + HOROVOD + KERAS_2)
    environment = {**QUIET, "TF_USE_LEGACY_KERAS": "1"}
    job.start("entry_point.py", ranks=2, environment=environment, timeout=200)
    job.wait()
    assert job.codes == [0, 0], job.log() + job.log(1)
