"""The TensorFlow front ends with a real TensorFlow: every operation; SageMaker's library.

TensorFlow takes seconds to import, so each job looks at many things.
"""

import pytest
from compat.tensorflow_scripts import HOROVOD, NEEDS_TENSORFLOW, run_script

pytestmark = [NEEDS_TENSORFLOW, pytest.mark.slow]

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
number = group.process_set_id
assert (int(hvd.size_op(number)), int(hvd.process_set_included_op(number))) == (1, rank == 0)
refused(lambda: hvd.size_op(9), ValueError, "process_set_id=9: there are [0, 1]")
refused(lambda: hvd.broadcast(x, 9), ValueError, "root_rank=9")
pair = hvd.add_process_set([0, 1])
if pair.included():
    close(hvd.allreduce(tf.constant([3.0, 1]), op=hvd.Adasum, process_set=pair), [3, 1])
    apart, together = tf.Variable([1.0, 1]), tf.Variable([2.0])
    with tf.GradientTape() as tape:
        loss = apart[rank] + 3 * together
    tape = hvd.DistributedGradientTape(tape, op=hvd.Adasum, process_set=pair)
    of_apart, of_together = tape.gradient(loss, [apart, together])
    close(of_apart, [1, 1]), close(of_together, [3])  # each gradient is looked at by itself
sgd = keras.optimizers.SGD()
refused(lambda: hvd.DistributedOptimizer(sgd, op=hvd.Adasum), ValueError, "DistributedGradientTape")
refused(lambda: hvd.allreduce(slices, op=hvd.Max), ValueError, "IndexedSlices")
refused(lambda: hvd.start_timeline("t"), AttributeError, "start_timeline")
refused(lambda: hvd.allreduce(tf.constant("text")), TypeError, "cannot travel")
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
        sdp.broadcast_variables(adam.variables(), root_rank=0)  # as scripts for TF 2.4 say
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


def test_operations_eagerly_and_in_graphs(job):
    run_script(job, HOROVOD + OPERATIONS, 3)


def test_smdistributed_s_functions_tape_and_optimizer(job):
    run_script(job, SMDDP)
