"""horovod.torch: sets of ranks, made at any time or by ``hvd.init``."""


def test_process_sets_communicate_among_themselves(horovod):
    horovod(
        """
    assert hvd.global_process_set.ranks == [0, 1, 2] and hvd.global_process_set.included()
    some = hvd.ProcessSet([2, 0])
    refused(lambda: hvd.allreduce(torch.ones(1), process_set=some), ValueError, "add_process_set")
    assert hvd.add_process_set(some) is some and some.process_set_id == 1
    refused(lambda: hvd.add_process_set([0, 2]), ValueError, "exists already")
    refused(lambda: hvd.add_process_set([0, 7]), ValueError, "0 to 2")
    one = torch.tensor([float(rank)])
    if some.included():
        assert some.rank() == (0, None, 1)[rank] and some.size() == 2
        assert hvd.allreduce(one, process_set=some) == 1
        assert hvd.broadcast(one, 2, process_set=some) == 2
        assert hvd.allgather(one, process_set=some).tolist() == [0, 2]
        assert hvd.allgather_object(rank, process_set=some) == [0, 2]
        hvd.barrier(process_set=some)
    else:
        refused(lambda: hvd.allreduce(one, process_set=some), ValueError, "not a member")
    assert hvd.remove_process_set(some) and not hvd.remove_process_set(some)

    pair = hvd.ProcessSet([0, 1])
    hvd.shutdown()
    hvd.init(comm=[0, 1, 2], process_sets=[some, pair])
    hvd.init(process_sets=[pair])  # the second call does nothing
    assert (some.process_set_id, pair.process_set_id) == (1, 2)
    if pair.included():
        assert hvd.allreduce(one, op=hvd.Sum, process_set=pair) == 1
    hvd.shutdown()
    assert pair.process_set_id is None
    hvd.init(process_sets="dynamic")
    hvd.add_process_set(pair)
""",
        ranks=3,
    )
