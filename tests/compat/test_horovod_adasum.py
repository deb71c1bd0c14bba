"""horovod.torch: Adasum of tensors, and of the steps of optimizers."""

REFERENCE = """
    def adasum(vectors):
        while len(vectors) > 1:
            vectors = [
                a * (1 - a @ b / (2 * a @ a)) + b * (1 - a @ b / (2 * b @ b))
                for a, b in zip(vectors[::2], vectors[1::2])
            ]
        return vectors[0]
"""


def test_what_agrees_counts_once_and_what_does_not_adds_up(horovod):
    horovod(
        REFERENCE
        + """
    close = torch.testing.assert_close
    one = torch.tensor([3.0, -1.0])
    close(hvd.allreduce(one, op=hvd.Adasum), one)  # parallel
    unit = torch.zeros(size)
    unit[rank] = 2.0
    close(hvd.allreduce(unit, op=hvd.Adasum), torch.full((size,), 2.0))  # orthogonal
    close(hvd.allreduce(torch.zeros(3), op=hvd.Adasum), torch.zeros(3))
    torch.manual_seed(0)
    vectors = list(torch.randn(4, 10))
    handle = hvd.allreduce_async(vectors[rank].view(2, 5), op=hvd.Adasum)
    close(hvd.synchronize(handle).flatten(), adasum(vectors))
    lone = hvd.add_process_set([0, 1, 2])
    if lone.included():
        refused(lambda: hvd.allreduce(one, op=hvd.Adasum, process_set=lone), ValueError, "3 ranks")
""",
        ranks=4,
    )


def test_an_optimizer_goes_as_far_as_adasum_makes_of_all_steps(horovod):
    horovod(
        REFERENCE
        + """
    import warnings
    warnings.simplefilter("error")
    torch.manual_seed(0)
    inputs = torch.randn(2, 2, 4)
    starts = [torch.randn(1, 4), torch.randn(1)]

    def network():
        net = torch.nn.Linear(4, 1)
        for parameter, start in zip(net.parameters(), starts):
            parameter.data.copy_(start)
        return net

    net = network()
    given = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    optimizer = hvd.DistributedOptimizer(
        given, named_parameters=net.named_parameters(), op=hvd.Adasum, backward_passes_per_step=2)
    assert isinstance(optimizer, torch.optim.SGD)
    schedule = torch.optim.lr_scheduler.StepLR(given, 1, 0.5)
    for half in inputs[rank]:
        net(half[None]).square().sum().backward()
    optimizer.synchronize()
    optimizer.step()
    schedule.step()

    steps = []
    for batch in inputs:
        alone = network()
        alone(batch).square().sum().backward()
        steps.append([-0.1 * parameter.grad.flatten() for parameter in alone.parameters()])
    for parameter, start, both in zip(net.parameters(), starts, zip(*steps)):
        torch.testing.assert_close(parameter.detach().flatten(), start.flatten() + adasum(both))

    def skip():
        with optimizer.skip_synchronize():
            pass
    refused(skip, AssertionError, "Adasum")
"""
    )
