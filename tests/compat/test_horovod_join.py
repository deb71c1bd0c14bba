"""hvd.join: ranks with unequal amounts of data."""

import pytest


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_ranks_that_run_out_of_data_add_zeros(horovod, ranks):
    horovod(
        """
    for epoch in range(2):
        # Rank r has r + 1 batches; in the second epoch it is the other way round.
        batches = (rank if epoch == 0 else size - 1 - rank) + 1
        for batch in range(batches):
            present = size - batch
            total = hvd.allreduce(torch.ones(2, 2), op=hvd.Sum)
            assert total.tolist() == [[present] * 2] * 2, (epoch, batch, total)
        handles = [hvd.allreduce_async(torch.ones(1) * 2, op=op) for op in (hvd.Min, hvd.Product)] \
            if batches == size else []
        for handle in handles:
            assert hvd.synchronize(handle) == 2  # only this rank is left
        last = hvd.join()
        assert last == (size - 1 if epoch == 0 else 0)
    assert hvd.allgather(torch.tensor([rank])).tolist() == list(everyone)
""",
        ranks=ranks,
    )


def test_an_optimizer_goes_on_without_the_ranks_that_joined(horovod):
    horovod("""
    net = torch.nn.Linear(1, 1, bias=False)
    optimizer = hvd.DistributedOptimizer(torch.optim.SGD(net.parameters(), lr=1.0))
    torch.nn.init.zeros_(net.weight)
    for step in range(3 + 2 * rank):
        optimizer.zero_grad()
        net(torch.ones(1, 1)).backward()
        optimizer.step()
    assert hvd.join() == 1
    hvd.broadcast_parameters(net.state_dict(), root_rank=1)
    assert net.weight.item() == -3 - 2 / 2
    """)


def test_other_operations_than_allreduce_are_refused_while_a_rank_has_joined(job):
    job.run(
        """
        import torch, horovod.torch as hvd
        hvd.init()
        if hvd.rank() == 0:
            hvd.join()
        hvd.broadcast(torch.ones(1), root_rank=1)
        hvd.allreduce(torch.ones(1))
        """,
        ranks=2,
    )
    assert 0 not in job.codes
    assert "broadcast when rank 0 had joined: only allreduce" in job.error(0)["message"]
