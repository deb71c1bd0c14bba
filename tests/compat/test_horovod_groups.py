"""horovod.torch: several tensors in one call."""


def test_grouped_allreduce(horovod):
    horovod("""
    make = lambda: [torch.full((n,), rank + 1.0) for n in (1, 3)]
    for results in (
        hvd.grouped_allreduce(make(), op=hvd.Sum),
        hvd.grouped_allreduce_(make(), op=hvd.Sum),
        hvd.synchronize(hvd.grouped_allreduce_async(make(), op=hvd.Sum)),
        hvd.synchronize(hvd.grouped_allreduce_async_(make(), op=hvd.Sum)),
    ):
        assert [result.tolist() for result in results] == [[3.0], [3.0] * 3]
    """)


def test_grouped_allgather_and_reducescatter(horovod):
    horovod("""
    make = lambda: [torch.full((n, 2), rank + 1.0) for n in (1, 2)]
    for results in (
        hvd.grouped_allgather(make()),
        hvd.synchronize(hvd.grouped_allgather_async(make())),
    ):
        assert [result[:, 0].tolist() for result in results] == [[1.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    for results in (
        hvd.grouped_reducescatter(make(), op=hvd.Sum),
        hvd.synchronize(hvd.grouped_reducescatter_async(make(), op=hvd.Sum)),
    ):
        assert [len(result) for result in results] == [1 - rank, 1]
        assert torch.equal(results[1], torch.full((1, 2), 3.0))
    """)
