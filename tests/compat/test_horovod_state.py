"""What hvd makes equal on all ranks: optimizers, parameters, the statistics of batches."""

import pytest

RANKS = pytest.mark.parametrize("ranks", [2, 3])

OPTIMIZERS = """
    import inspect
    from torch import nn
    kinds = [kind for _, kind in inspect.getmembers(torch.optim, inspect.isclass)
             if issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer]
"""


@pytest.mark.parametrize("steps", [0, 1])
def test_the_state_of_every_optimizer_of_torch_can_be_broadcast(horovod, steps):
    horovod(
        OPTIMIZERS
        + f"""
    assert len(kinds) >= 12
    for kind in kinds:
        torch.manual_seed(rank)
        net = nn.Linear(2, 2, bias=False)
        optimizer = kind(net.parameters(), lr=0.1 + rank)
        for _ in range({steps} if rank == 0 else 0):  # rank 1 has made no step
            def closure():
                optimizer.zero_grad()
                loss = net(torch.ones(1, 2)).square().sum()
                if kind is torch.optim.SparseAdam:
                    net.weight.grad = torch.ones(2, 2).to_sparse()
                else:
                    loss.backward()
                return loss
            optimizer.step(closure)
        hvd.broadcast_optimizer_state(optimizer, root_rank=0)
        states = hvd.allgather_object(optimizer.state_dict())
        assert states[1]["param_groups"][0]["lr"] == 0.1, kind
        torch.testing.assert_close(states[1], states[0])
    """
    )


def test_broadcast_parameters_takes_what_models_give(horovod):
    horovod("""
    from torch import nn
    net = nn.BatchNorm1d(2)
    for tensor in net.state_dict().values():
        tensor.fill_(rank)
    hvd.broadcast_parameters(net.state_dict(), root_rank=1)
    assert net.num_batches_tracked == 1 and net.weight.tolist() == [1, 1]
    hvd.broadcast_parameters([("none", None), ("w", net.weight)], root_rank=0)
    refused(lambda: hvd.broadcast_parameters({"a": 1}, 0), ValueError, "int is not a tensor")
    """)


@RANKS
def test_batch_normalisation_over_unequal_batches_of_all_ranks(horovod, ranks):
    horovod(
        """
    import copy
    from torch import nn
    torch.manual_seed(0)
    whole = torch.randn(3 * size * (size + 1) // 2, 4, 2)
    weights = torch.randn_like(whole)
    start = 3 * rank * (rank + 1) // 2
    mine = slice(start, start + 3 * (rank + 1))
    for options in ({}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}):
        ours, theirs = hvd.SyncBatchNorm(4, **options), nn.BatchNorm1d(4, **options)
        for step in range(2):
            here, there = whole[mine].clone().requires_grad_(), whole.clone().requires_grad_()
            result, expected = ours(here), theirs(there)
            torch.testing.assert_close(result, expected[mine])
            (result * weights[mine]).sum().backward()
            (expected * weights).sum().backward()
            torch.testing.assert_close(here.grad, there.grad[mine])
        torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
        if ours.affine:
            total = hvd.allreduce(ours.weight.grad, op=hvd.Sum)
            torch.testing.assert_close(total, theirs.weight.grad)
        torch.testing.assert_close(ours.eval()(whole), theirs.eval()(whole))
    refused(lambda: ours(torch.ones(3)), ValueError, "2 dimensions")
""",
        ranks=ranks,
    )
