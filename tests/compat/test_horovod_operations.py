"""horovod.torch: who am I, and every operation against what it is documented to compute."""

import pytest

RANKS = pytest.mark.parametrize("ranks", [2, 3])


@RANKS
def test_ranks_sizes_and_what_is_built(horovod, ranks):
    horovod(
        """
    hvd.init()
    assert hvd.is_initialized() and hvd.is_homogeneous()
    assert (hvd.local_rank(), hvd.local_size()) == (rank, size)
    assert (hvd.cross_rank(), hvd.cross_size()) == (0, 1)
    assert hvd.gloo_enabled() and hvd.gloo_built() and not hvd.mpi_enabled()
    for name in "mpi nccl cuda rocm ddl ccl".split():
        getattr(hvd, name + "_built")()
    assert not hvd.mpi_threads_supported()
    hvd.shutdown()
    assert not hvd.is_initialized()
    refused(hvd.rank, ValueError, "hvd.init()")
""",
        ranks=ranks,
    )


def test_open_mpi_s_variables_are_enough(horovod):
    before = "import os\nos.environ['OMPI_COMM_WORLD_RANK'] = os.environ.pop('RANK')\n"
    before += "os.environ['OMPI_COMM_WORLD_LOCAL_RANK'] = os.environ.pop('LOCAL_RANK')\n"
    before += "os.environ['OMPI_COMM_WORLD_SIZE'] = os.environ.pop('WORLD_SIZE')\n"
    before += "os.environ['OMPI_COMM_WORLD_LOCAL_SIZE'] = os.environ.pop('LOCAL_WORLD_SIZE')\n"
    before += "os.environ['PMIX_RANK'] = '0'\n"
    before += "import horovod.torch as hvd; hvd.init(); print(hvd.rank(), hvd.size())\n"
    before += "assert hvd.mpi_threads_supported()\n"
    before += "import torch; assert hvd.allreduce(torch.tensor([1.0]), op=hvd.Sum) == 2"
    horovod.job.run(before, ranks=2)
    assert horovod.job.codes == [0, 0], horovod.job.log()
    assert [horovod.job.log(rank) for rank in (0, 1)] == ["0 2\n", "1 2\n"]


@RANKS
def test_allreduce_with_every_operation_and_factor(horovod, ranks):
    horovod(
        """
    mine = torch.tensor([rank + 1.0, -2.0 * rank])
    all_ = torch.stack([torch.tensor([r + 1.0, -2.0 * r]) for r in everyone])
    close = torch.testing.assert_close
    close(hvd.allreduce(mine), all_.mean(0))
    close(hvd.allreduce(mine, average=True), all_.mean(0))
    close(hvd.allreduce(mine, average=False, name="a sum"), all_.sum(0))
    close(hvd.allreduce(mine, op=hvd.Sum), all_.sum(0))
    close(hvd.allreduce(mine, op=hvd.Min), all_.min(0).values)
    close(hvd.allreduce(mine, op=hvd.Max), all_.max(0).values)
    close(hvd.allreduce(mine, op=hvd.Product), all_.prod(0))
    close(hvd.allreduce(mine, prescale_factor=2.0, postscale_factor=0.25), all_.mean(0) / 2)
    close(hvd.allreduce(mine, compression=hvd.Compression.fp16), all_.mean(0), rtol=1e-3, atol=0)
    close(hvd.allreduce(torch.tensor([rank]), op=hvd.Average), torch.tensor([(size - 1) // 2]))
    close(hvd.allreduce(torch.tensor([4]), postscale_factor=0.5, op=hvd.Sum),
          torch.tensor([2 * size]))
    assert torch.equal(mine, all_[rank])  # untouched

    handle = hvd.allreduce_async(mine, op=hvd.Sum)
    result = hvd.synchronize(handle)
    close(result, all_.sum(0))
    refused(lambda: hvd.synchronize(handle), ValueError, "handle")
    refused(lambda: hvd.poll(handle), ValueError, "handle")

    square = torch.arange(6.0).view(2, 3).t() * rank  # not contiguous
    handle = hvd.allreduce_async_(square, op=hvd.Sum)
    while not hvd.poll(handle):
        pass
    assert hvd.synchronize(handle) is square
    close(square, torch.arange(6.0).view(2, 3).t() * sum(everyone))
    assert hvd.allreduce_(mine, op=hvd.Max) is mine
    close(mine, all_.max(0).values)
""",
        ranks=ranks,
    )


def test_what_allreduce_cannot_do_is_refused_by_name(horovod):
    horovod("""
    one = torch.ones(1)
    refused(lambda: hvd.allreduce(torch.tensor([1]), op=hvd.Adasum), ValueError, "torch.int64")
    refused(lambda: hvd.allreduce(one, average=True, op=hvd.Sum), ValueError, "average=")
    refused(lambda: hvd.allreduce(one, op="sum"), ValueError, "op='sum'")
    hvd.shutdown()
    refused(lambda: hvd.init(comm=[0]), NotImplementedError, "comm=[0]")
    refused(lambda: hvd.init(process_sets=[hvd.ProcessSet([7])]), ValueError, "0 to 1")
    refused(lambda: hvd.start_timeline("t"), AttributeError, "start_timeline")
    weight = torch.ones(1, requires_grad=True)
    refused(lambda: hvd.allreduce(weight, op=hvd.Max).backward(), NotImplementedError, "Max")
    product = hvd.reducescatter(weight, op=hvd.Product)
    refused(lambda: product.sum().backward(), NotImplementedError, "Product")
    """)


@RANKS
def test_allgather_joins_different_numbers_of_rows(horovod, ranks):
    horovod(
        """
    mine = torch.full((rank, 2), float(rank))  # none at all on rank 0
    expected = torch.cat([torch.full((r, 2), float(r)) for r in everyone])
    assert torch.equal(hvd.allgather(mine), expected)
    assert torch.equal(hvd.synchronize(hvd.allgather_async(mine, name="x")), expected)
    assert hvd.allgather(torch.tensor(float(rank))).tolist() == list(everyone)
    assert hvd.allgather(torch.zeros(0, 3)).shape == (0, 3)
    assert hvd.allgather_object({"rank": rank}) == [{"rank": r} for r in everyone]
    wrong = torch.zeros(1, 2 + (rank == 1))
    refused(lambda: hvd.allgather(wrong), ValueError, "rank 1: rows of [3]")
""",
        ranks=ranks,
    )


@RANKS
def test_broadcast_from_any_rank(horovod, ranks):
    horovod(
        """
    mine = torch.full((2, 2), float(rank))
    assert hvd.broadcast(mine, 1).tolist() == [[1.0, 1.0]] * 2
    assert hvd.synchronize(hvd.broadcast_async(mine, root_rank=1))[0, 0] == 1
    assert mine[0, 0] == rank
    assert hvd.broadcast_(mine.t(), root_rank=1)[0, 0] == 1
    assert mine[0, 0] == 1
    assert hvd.synchronize(hvd.broadcast_async_(torch.tensor([rank]), 0)) == 0
    refused(lambda: hvd.broadcast(mine, 9), ValueError, "root_rank=9")
    assert hvd.broadcast_object(["of", rank], root_rank=1) == ["of", 1]
""",
        ranks=ranks,
    )


@RANKS
def test_alltoall_with_and_without_splits(horovod, ranks):
    horovod(
        """
    even = torch.arange(2.0 * size).view(size, 2) + 100 * rank
    expected = torch.stack([torch.tensor([2.0 * rank, 2.0 * rank + 1]) + 100 * r for r in everyone])
    assert torch.equal(hvd.alltoall(even), expected)
    splits = torch.tensor([r for r in everyone])  # r rows for rank r
    rows, received = hvd.alltoall(torch.full((sum(everyone), 1), float(rank)), splits=splits)
    assert received.tolist() == [rank] * size
    assert rows.flatten().tolist() == [float(r) for r in everyone for _ in range(rank)]
    rows, received = hvd.synchronize(hvd.alltoall_async(even, [1] + [0] * (size - 1)))
    assert len(rows) == (size if rank == 0 else 0)
    refused(lambda: hvd.alltoall(torch.zeros(size + 1)), ValueError, "splits=")
    refused(lambda: hvd.alltoall(even, splits=[size + 1] + [0] * (size - 1)), ValueError, "splits=")
""",
        ranks=ranks,
    )


@RANKS
def test_reducescatter_gives_the_first_ranks_what_is_left_over(horovod, ranks):
    horovod(
        """
    whole = torch.arange(2.0 * size + 1).view(-1, 1)
    parts = whole.tensor_split(size)
    assert torch.equal(hvd.reducescatter(whole), parts[rank])
    assert torch.equal(hvd.reducescatter(whole, op=hvd.Sum), parts[rank] * size)
    assert torch.equal(hvd.synchronize(hvd.reducescatter_async(whole)), parts[rank])
    hvd.barrier()
""",
        ranks=ranks,
    )


@RANKS
def test_gradients_flow_through_the_operations(horovod, ranks):
    # The reference: one process that has all ranks' inputs and adds up all ranks' losses.
    horovod(
        """
    torch.manual_seed(0)
    inputs = [torch.randn(2 * size, 2, requires_grad=True) for _ in everyone]
    weights = [torch.randn(2 * size * size, 2) for _ in everyone]
    share = slice(2 * rank, 2 * rank + 2)

    def check(ours, alone):
        mine = inputs[rank].detach().clone().requires_grad_()
        result = ours(mine)
        (result * weights[rank][: len(result)]).sum().backward()
        results = alone(inputs)
        loss = sum((r * w[: len(r)]).sum() for r, w in zip(results, weights))
        for tensor in inputs:
            tensor.grad = None
        loss.backward()
        torch.testing.assert_close(result, results[rank])
        expected = inputs[rank].grad
        expected = torch.zeros_like(mine) if expected is None else expected
        torch.testing.assert_close(mine.grad, expected)

    check(lambda x: hvd.allreduce(x), lambda all_: [sum(all_) / size] * size)
    check(lambda x: hvd.allreduce(x, op=hvd.Sum, prescale_factor=3.0),
          lambda all_: [3 * sum(all_)] * size)
    check(lambda x: hvd.allgather(x[: rank + 1]),
          lambda all_: [torch.cat([x[: r + 1] for r, x in enumerate(all_)])] * size)
    check(lambda x: hvd.broadcast(x, 1), lambda all_: [all_[1]] * size)
    check(lambda x: hvd.alltoall(x), lambda all_: [
        torch.cat([x[2 * r : 2 * r + 2] for x in all_]) for r in everyone])
    check(lambda x: hvd.reducescatter(x, op=hvd.Sum, postscale_factor=3.0),
          lambda all_: [3 * sum(all_)[2 * r : 2 * r + 2] for r in everyone])
    check(lambda x: hvd.reducescatter(x[:-1]),  # the last rank has fewer rows
          lambda all_: list((sum(all_) / size)[:-1].tensor_split(size)))
""",
        ranks=ranks,
    )


def test_the_older_module_has_the_functions_too(horovod):
    horovod("""
    from horovod.torch import mpi_ops
    import horovod
    assert horovod.__version__
    assert all(getattr(hvd, name) is getattr(mpi_ops, name) for name in mpi_ops.__all__)
    assert all(hasattr(hvd, name) for name in hvd.__all__)
    """)
