"""Horovod's fusion buffers lie in shared memory."""


def test_fusion_buffers_move_into_shared_memory_and_gradients_stay_private(horovod):
    horovod(
        """
    import torch.distributed as dist
    from torch import nn
    net, plain = nn.Linear(300, 300), nn.Linear(300, 300)
    hvd.broadcast_parameters(net.state_dict(), root_rank=0)
    plain.load_state_dict(net.state_dict())
    ours = hvd.DistributedOptimizer(torch.optim.SGD(net.parameters(), lr=0.1))
    theirs = torch.optim.SGD(plain.parameters(), lr=0.1)
    for step in range(4):
        for model, optimizer in ((net, ours), (plain, theirs)):
            optimizer.zero_grad(set_to_none=step % 2 == 0)
            value = float(rank) if model is net else 0.5
            model(torch.full((2, 300), value)).sum().backward()
            optimizer.step()
        kept = net.weight.grad
    torch.testing.assert_close(net.state_dict(), plain.state_dict())
    torch.testing.assert_close(net.weight.grad, plain.weight.grad)
    shared = dist.group.WORLD._sharing.tensors
    assert shared._count == 1 and not shared.place(kept)
    """
    )
