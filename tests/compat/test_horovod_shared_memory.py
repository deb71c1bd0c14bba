"""Horovod's optimizer: its fusion buffers lie in shared memory, its step stays its own."""


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


def test_a_scheduler_made_before_the_wrapper_leaves_it_its_step(horovod):
    horovod(
        """
    import warnings
    warnings.simplefilter("error")
    net = torch.nn.Linear(1, 1, bias=False)
    given = torch.optim.SGD(net.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(given, 1, 0.5)
    optimizer = hvd.DistributedOptimizer(given)
    hvd.broadcast_parameters(net.state_dict(), root_rank=0)
    before = net.weight.item()
    for rate in (1.0, 0.5):
        optimizer.zero_grad()
        net(torch.full((1, 1), float(rank))).sum().backward()
        optimizer.step()
        schedule.step()
    assert abs(before - net.weight.item() - 0.75) < 1e-6  # the mean of 0 and 1, by 1 and by 0.5
    """
    )
