"""The TensorFlow front ends with a real TensorFlow: operations, gradients, training, state.

TensorFlow takes seconds to import, so each job looks at many things.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import Jobs, ranks

pytestmark = [
    pytest.mark.skipif(
        find_spec("tensorflow") is None,
        reason="TensorFlow is not installed: pip install -e '.[tensorflow]'",
    ),
    pytest.mark.slow,
]
SCRIPTS = Path(__file__).parents[2] / "examples" / "scripts"
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

OPERATIONS = """
x = tf.constant([rank + 1.0, 2.0])
rows = tf.fill([rank + 1, 2], float(rank))
total = sum(r + 1 for r in everyone)
for called in (lambda function: function, tf.function):
    close(called(lambda: hvd.allreduce(x))(), [total / size, 2])
    close(called(lambda: hvd.allreduce(x, op=hvd.Sum))(), [total, 2 * size])
    close(called(lambda: hvd.allreduce(x, op=hvd.Max))(), [size, 2])
    close(called(lambda: hvd.allreduce(x, average=False, prescale_factor=0.5))(), [total / 2, size])
    half = called(lambda: hvd.allreduce(x, compression=hvd.Compression.fp16))()
    assert half.dtype == tf.float32
    close(half, [total / size, 2])
    brain = called(lambda: hvd.allreduce(tf.cast(x, tf.bfloat16), op=hvd.Sum))()
    assert brain.dtype == tf.bfloat16
    close(brain, [total, 2 * size])
    close(called(lambda: hvd.allreduce(tf.constant(3)))(), 3)
    close(called(lambda: hvd.grouped_allreduce([x, 2 * x]))()[1], [2 * total / size, 4])
    expected = np.concatenate([np.full((r + 1, 2), r) for r in everyone])
    close(called(lambda: hvd.allgather(rows))(), expected)
    close(called(lambda: hvd.broadcast(x, 1))(), [2, 2])
    even = called(lambda: hvd.alltoall(tf.range(2 * size) + 10 * rank))()
    close(even, np.concatenate([[2 * rank + 10 * r, 2 * rank + 1 + 10 * r] for r in everyone]))
    sent = called(lambda: hvd.alltoall(tf.fill([sum(everyone)], rank), splits=tf.range(size)))()
    close(sent[0], np.repeat(list(everyone), rank))
    close(sent[1], [rank] * size)
    scattered = called(lambda: hvd.reducescatter(tf.range(2.0 * size), op=hvd.Sum))()
    close(scattered, np.arange(2 * size)[2 * rank:2 * rank + 2] * size)
    slices = tf.IndexedSlices(tf.constant([[1.0, rank]]), tf.constant([rank]), tf.constant([4, 2]))
    added = called(lambda: tf.convert_to_tensor(hvd.allreduce(slices, op=hvd.Sum)))()
    close(added[:, 0], [1] * size + [0] * (4 - size))

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch([x, rows])
            loss = tf.reduce_sum(hvd.allreduce(x, op=hvd.Sum) ** 2)
            loss += tf.reduce_sum(hvd.allgather(rows) * 3) + tf.reduce_sum(hvd.broadcast(x, 0))
            loss += tf.reduce_sum(hvd.reducescatter(tf.stack([x] * size), op=hvd.Sum))
            loss += tf.reduce_sum(hvd.alltoall(tf.stack([x] * size)) * float(rank))
        return tape.gradient(loss, [x, rows])

    of_x, of_rows = called(gradients)()
    root = size if rank == 0 else 0
    more = size + sum(everyone) + root
    close(of_x, [2 * size * total + more, 4 * size * size + more])
    close(of_rows, np.full((rank + 1, 2), 3.0 * size))

@tf.function
def many(x):
    results = [hvd.allreduce(x * float(n), op=hvd.Sum) for n in range(30)]
    return tf.stack(results[::-1])
close(many(x)[:, 1], [2 * size * n for n in range(30)][::-1])  # in one order on all ranks

assert hvd.broadcast_object({"from": rank}, 1) == {"from": 1}
assert hvd.broadcast_object_fn(0)(rank) == 0
assert hvd.allgather_object(rank) == list(everyone)
assert (int(hvd.rank_op()), int(hvd.size_op()), int(hvd.local_rank_op())) == (rank, size, rank)
hvd.barrier()
group = hvd.add_process_set([0])
if rank == 0:
    close(hvd.allreduce(x, process_set=group), x)
refused(lambda: hvd.broadcast(x, 9), ValueError, "root_rank=9")
refused(lambda: hvd.allreduce(x, op=hvd.Adasum), NotImplementedError, "Adasum")
refused(lambda: hvd.allreduce(slices, op=hvd.Max), ValueError, "IndexedSlices")
refused(lambda: hvd.start_timeline("t"), AttributeError, "start_timeline")
refused(lambda: hvd.allreduce(tf.constant("text")), TypeError, "cannot travel")
"""

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

if rank == 0:
    model.save("model.keras")
hvd.barrier()
plainly = keras.models.load_model("model.keras")
assert type(plainly.optimizer) is keras.optimizers.SGD
loaded = hvd_keras.load_model("model.keras")
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

SMDDP = """
import smdistributed.dataparallel.tensorflow as sdp
sdp.init()
rank, size = sdp.rank(), sdp.size()
assert (sdp.local_rank(), sdp.local_size()) == (rank, size)
refused(sdp.init, RuntimeError, "twice")
mine = slice(rank * 16 // size, (rank + 1) * 16 // size)
model, adam = network(rank), keras.optimizers.Adam(0.01)

@tf.function
def step(x, y, first):
    with tf.GradientTape() as tape:
        loss = loss_of(model, x, y)
    tape = sdp.DistributedGradientTape(tape, bucket_cap_mb=0.0009765625)
    gradients = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(gradients, model.trainable_variables))
    if first:
        sdp.broadcast_variables(model.variables, root_rank=0)
        sdp.broadcast_variables(adam.variables, root_rank=0)
    return sdp.oob_allreduce(loss)

sdp.broadcast_variables(model.variables, root_rank=0)
losses = [step(x[mine], y[mine], n == 0) for n in range(4)]
for variable, value in zip(model.trainable_variables, plain(keras.optimizers.Adam(0.01), 4)):
    np.testing.assert_allclose(variable.numpy(), value, rtol=2e-4, atol=2e-5)
close(losses[0], loss_of(network(), x, y))
numbers = tf.constant([rank + 1.0])
close(sdp.allreduce(numbers, 0, 1), [(size + 1) / 2])
close(sdp.allreduce(numbers, 0, 1, op=sdp.ReduceOp.SUM), [size * (size + 1) / 2])
close(sdp.allreduce(numbers, 0, 1, sdp.Compression.fp16, sdp.ReduceOp.MAX), [size])
close(sdp.broadcast(numbers, 1), [2])
assert sdp.overlap(numbers) is numbers
model = network(rank)
model.compile(sdp.DistributedOptimizer(keras.optimizers.SGD(0.01)), "mse")
callback = sdp.BroadcastGlobalVariablesCallback(0)
model.fit(x[mine], y[mine], batch_size=4, verbose=0, callbacks=[callback])
sums = [float(sum(tf.reduce_sum(v) for v in model.trainable_variables))]
close(sdp.broadcast(tf.constant(sums), 0), sums)
refused(lambda: sdp.oob_allreduce(numbers, op=sdp.ReduceOp.SUM), RuntimeError, "AVERAGE")
refused(lambda: sdp.DistributedGradientTape(None, bucket_cap_mb=0.0001), RuntimeError, "128")
refused(lambda: sdp.DistributedGradientTape(None, "/gpu:0"), RuntimeError, "device_dense")
refused(lambda: sdp.broadcast(numbers, 9), RuntimeError, "root_rank=9")
refused(lambda: sdp.all_reduce, AttributeError, "all_reduce")
sdp.shutdown()
refused(sdp.rank, RuntimeError, "init()")
"""


@pytest.fixture
def tensorflow_script(job):
    """Run a script's body on ranks; every one must come through."""

    def run(body, number=2):
        job.write("entry_point.py", PRELUDE + body)
        job.start("entry_point.py", ranks=number, environment=QUIET, timeout=200)
        job.wait()
        assert job.codes == [0] * number, "\n".join(job.log(rank) for rank in range(number))

    return run


@pytest.mark.parametrize("number", [2, 3])
def test_operations_eagerly_and_in_graphs(tensorflow_script, number):
    tensorflow_script(HOROVOD + OPERATIONS, number)


def test_horovod_s_tape_optimizer_callbacks_hook_and_elastic_state(tensorflow_script):
    tensorflow_script(HOROVOD + TRAINING)


def test_smdistributed_s_functions_tape_and_optimizer(tensorflow_script):
    tensorflow_script(SMDDP)


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
