"""Training with the TensorFlow front ends and a real TensorFlow: equal to one plain process."""

import re
from pathlib import Path

import pytest
from compat.tensorflow_scripts import HOROVOD, NEEDS_TENSORFLOW, QUIET, run_script
from support import Jobs, ranks

pytestmark = [NEEDS_TENSORFLOW, pytest.mark.slow]
SCRIPTS = Path(__file__).parents[2] / "examples" / "scripts"

TRAINING = """
import gc
import horovod.keras
import horovod.tensorflow.keras as hvd_keras
from horovod.keras.callbacks import MetricAverageCallback
from jupyter_sdt.compat._tensorflow import gradients as engine

expected = plain(keras.optimizers.Adam(0.01), 4)
for bytes_of_bucket in (25 << 20, 1024):
    model, adam = network(rank), keras.optimizers.Adam(0.01)
    hvd.broadcast_variables(model.variables, root_rank=0)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(model, x, y)
        tape = hvd.DistributedGradientTape(tape)
        object.__setattr__(tape._reduce_gradients, "bucket_bytes", bytes_of_bucket)
        adam.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))

    for _ in range(4):
        step(x[mine], y[mine])
    for variable, value in zip(model.trainable_variables, expected):
        np.testing.assert_allclose(variable.numpy(), value, rtol=2e-4, atol=2e-5)
    same_everywhere(model.variables)

rates = []
class Rates(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        rates.append(float(self.model.optimizer.learning_rate))

model = network(rank)
sgd = hvd_keras.DistributedOptimizer(keras.optimizers.SGD(0.1 * size, momentum=0.9))
assert isinstance(sgd, keras.optimizers.SGD)
model.compile(sgd, "mse")
history = model.fit(x[mine], y[mine], batch_size=2, epochs=3, verbose=0, callbacks=[
    hvd_keras.callbacks.BroadcastGlobalVariablesCallback(0),
    MetricAverageCallback(),
    hvd_keras.callbacks.LearningRateWarmupCallback(0.1 * size, warmup_epochs=2, verbose=1),
    Rates(),
])
same_everywhere([*model.variables, *sgd.variables])
assert len(set(map(tuple, hvd.allgather_object(history.history["loss"])))) == 1
steps = 16 // size // 2
close(rates[:2 * steps], [0.1 * (1 + (size - 1) * (n + 1) / (2 * steps)) for n in range(2 * steps)])
close(rates[2 * steps:], [0.1 * size] * steps)

del rates[:]  # as scripts for older versions say it: the rate is the optimizer's own
callbacks, older = hvd_keras.callbacks, network()
older.compile(hvd_keras.DistributedOptimizer(keras.optimizers.SGD(0.01)), "mse")
older.fit(x[mine], y[mine], batch_size=2, epochs=4, verbose=0, callbacks=[
    callbacks.LearningRateWarmupCallback(warmup_epochs=1),
    callbacks.LearningRateScheduleCallback(start_epoch=1, end_epoch=3, multiplier=0.5),
    callbacks.LearningRateScheduleCallback(start_epoch=3, multiplier=lambda epoch: epoch / 12),
    Rates(),
])
close(rates[steps - 1::steps], [0.01, 0.005, 0.005, 0.0025])
close(rates[0], 0.01 / size * (1 + (size - 1) / steps))

if rank == 0:
    model.save("model.keras")
hvd.barrier()
plainly = keras.models.load_model("model.keras")
assert type(plainly.optimizer) is keras.optimizers.SGD
loaded = hvd_keras.load_model("model.keras", legacy_opts=True)
assert int(loaded.optimizer.iterations) == 3 * steps
close(loaded.optimizer.variables[-1], sgd.variables[-1])
loaded.fit(x[mine], y[mine], batch_size=2, verbose=0)
same_everywhere(loaded.variables)

table, unused = tf.Variable(tf.ones([5, 2])), tf.Variable(1.0)
for dense in (False, True):
    @tf.function
    def sparse():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.gather(table, [rank, 4]))
        tape = hvd.DistributedGradientTape(tape, sparse_as_dense=dense)
        return tape.gradient(loss, [table, unused])
    of_table, nothing = sparse()
    assert nothing is None
    assert isinstance(of_table, tf.IndexedSlices) != dense
    close(tf.convert_to_tensor(of_table)[:, 0], [1 / size] * size + [0] * (4 - size) + [1])

model, whole = network(), network()
twice = hvd.DistributedOptimizer(
    keras.optimizers.SGD(0.05), backward_passes_per_step=2, average_aggregated_gradients=True)
model.compile(twice, "mse")
model.fit(x[mine], y[mine], batch_size=16 // size // 2, shuffle=False, verbose=0)
whole.compile(keras.optimizers.SGD(0.05), "mse")
whole.fit(x, y, batch_size=16, shuffle=False, verbose=0)
for ours, theirs in zip(model.trainable_variables, whole.trainable_variables):
    close(ours, theirs)
assert int(twice.iterations) == 1
refused(lambda: hvd.DistributedOptimizer(object()), ValueError, "no optimizer")
refused(lambda: hvd.DistributedOptimizer(sgd, op=hvd.Max), ValueError, "op=hvd.Max")
refused(lambda: hvd.DistributedOptimizer(sgd, backward_passes_per_step=0), ValueError, "at least 1")

with tf.Graph().as_default():
    weight = tf.compat.v1.get_variable("v", initializer=float(rank + 1), use_resource=True)
    descent = hvd.DistributedOptimizer(tf.compat.v1.train.GradientDescentOptimizer(0.5))
    train = descent.minimize(weight * float(rank + 1))
    hooks = [hvd.BroadcastGlobalVariablesHook(0)]
    with tf.compat.v1.train.MonitoredTrainingSession(hooks=hooks) as session:
        session.run(train)
        assert abs(session.run(weight) - (1 - 0.5 * np.mean([r + 1 for r in everyone]))) < 1e-6

import torch.distributed as dist
large, reductions = tf.Variable(tf.zeros([300_000])), []
@tf.function
def sum_up():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(large * float(rank + 1))
    tape = hvd.DistributedGradientTape(tape, op=hvd.Sum)
    reductions.append(tape._reduce_gradients)
    large.assign_add(tape.gradient(loss, large))
for _ in range(10):
    sum_up()
close(large[:3], [10 * sum(r + 1 for r in everyone)] * 3)
(fusion,) = reductions[0].fusions.values()
assert len(fusion._buffers) < 4  # used again and again
assert dist.group.WORLD._sharing.tensors._count >= 1  # and moved into shared memory

from horovod.common.exceptions import HorovodInternalError
state = hvd.elastic.TensorFlowKerasState(network(rank), keras.optimizers.SGD(0.1), batch=0)
failures = [tf.errors.UnknownError(None, None, "HorovodInternalError: a rank is gone")]

@hvd.elastic.run
def training(state):
    state.commit()
    state.batch += 7
    first = state.model.variables[0]
    first.assign_add(tf.ones_like(first))
    if failures:
        raise failures.pop()
    return state.batch

assert training(state) == 7
same_everywhere(state.model.variables)
close(state.model.variables[0], network(0).variables[0] + 1)
"""


def test_horovod_s_tape_optimizer_callbacks_hook_and_elastic_state(job):
    run_script(job, HOROVOD + TRAINING)


def test_the_example_trains_as_a_job(tmp_path):
    source = (SCRIPTS / "digits_tensorflow.py").read_text()
    distribution = ranks(2, strategy="smdataparallel")
    jobs = Jobs(tmp_path / "jobs")
    directory = jobs.start(source, environment=QUIET, distribution=distribution)
    jobs.wait(directory, 220)
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    assert float(re.findall(r"accuracy ([\d.]+)", log)[-1]) > 0.95
    assert list(directory.node("algo-1").glob("model/model.keras"))
    assert '"loss"' in directory.metric(1).read_text()  # there is a curve
