"""hvd.DistributedOptimizer and what surrounds it: several ranks train as one process would."""

import pytest

RANKS = pytest.mark.parametrize("ranks", [2, 3])

TRAINING = """
    import copy, warnings
    from torch import nn
    from torch.nn import functional as F
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
    x, y = torch.randn(12 * size, 6), torch.randint(3, (12 * size,))
    model = copy.deepcopy(plain)
    mine = slice(rank, None, size)
    loss_of = lambda net, part: F.cross_entropy(net(x[part]), y[part])

    def wrapped(optimizer, **options):
        return hvd.DistributedOptimizer(
            optimizer, named_parameters=model.named_parameters(), **options)

    def equal(**tolerance):
        torch.testing.assert_close(model.state_dict(), plain.state_dict(), **tolerance)
"""


@RANKS
@pytest.mark.parametrize(
    "make",
    [
        "torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)",
        "torch.optim.AdamW(net.parameters(), lr=0.05)",
    ],
)
def test_steps_equal_those_of_one_process_on_the_whole_batch(horovod, ranks, make):
    horovod(
        TRAINING
        + f"""
    make = lambda net: {make}
    ours, theirs = wrapped(make(model)), make(plain)
    assert isinstance(ours, type(theirs)) and type(ours).__name__ == type(theirs).__name__
    for module in model:
        for parameter in module.parameters():
            parameter.data += rank
    hvd.broadcast_parameters(model.state_dict(), root_rank=0)
    hvd.broadcast_optimizer_state(ours, root_rank=0)
    schedules = [torch.optim.lr_scheduler.StepLR(o, 2, 0.5) for o in (ours, theirs)]
    for step in range(5):
        for optimizer, net, part in ((ours, model, mine), (theirs, plain, slice(None))):
            optimizer.zero_grad()
            loss_of(net, part).backward()
            optimizer.step()
        for schedule in schedules:
            schedule.step()
    equal()
    assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
""",
        ranks=ranks,
    )


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        ("compression=hvd.Compression.fp16", "rtol=1e-2, atol=1e-3"),
        ("gradient_predivide_factor=2.0", ""),
        ("num_groups=2, groups=None", ""),
    ],
)
def test_options_that_change_the_way_leave_the_result(horovod, options, tolerance):
    horovod(
        TRAINING
        + f"""
    ours = wrapped(torch.optim.SGD(model.parameters(), lr=0.1), {options})
    theirs = torch.optim.SGD(plain.parameters(), lr=0.1)
    for optimizer, net, part in ((ours, model, mine), (theirs, plain, slice(None))):
        loss_of(net, part).backward()
        optimizer.step()
    equal({tolerance})
    """
    )


def test_gradients_add_up_over_several_passes_or_ranks(horovod):
    horovod(
        TRAINING
        + """
    ours = wrapped(torch.optim.SGD(model.parameters(), lr=0.1),
                   backward_passes_per_step=2, op=hvd.Sum)
    theirs = torch.optim.SGD(plain.parameters(), lr=0.1)
    for step in range(2):
        ours.zero_grad()
        for half in (0, 1):
            loss_of(model, slice(rank + half * size, None, 2 * size)).backward()
        ours.step()
        theirs.zero_grad()
        (loss_of(plain, slice(None)) * 2 * size).backward()  # the sum of 2 * size means
        theirs.step()
    equal()
    for _ in range(2):
        loss_of(model, mine).backward()
    refused(lambda: loss_of(model, mine).backward(), AssertionError, "backward_passes_per_step=2")
    ours.step()
    ours.set_backward_passes_per_step(3)
    for _ in range(3):
        loss_of(model, mine).backward()
    ours.step()
    ours.zero_grad()
    loss_of(model, mine).backward()
    ours.zero_grad()  # nothing is on its way yet
    """
    )


def test_clipping_between_synchronize_and_step(horovod):
    horovod(
        TRAINING
        + """
    ours = wrapped(torch.optim.SGD(model.parameters(), lr=0.5))
    theirs = torch.optim.SGD(plain.parameters(), lr=0.5)
    loss_of(plain, slice(None)).backward()
    nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
    theirs.step()
    loss_of(model, mine).backward()
    refused(ours.zero_grad, AssertionError, "on their way")
    ours.synchronize()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    with ours.skip_synchronize():
        ours.step()
    equal()
    ours.zero_grad()
    loss_of(model, mine).backward()
    ours.synchronize()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        ours.step()
    assert "skip_synchronize" in str(told[0].message)
    """
    )


@RANKS
def test_parameters_that_only_some_ranks_use_count_as_zero_elsewhere(horovod, ranks):
    horovod(
        """
    from torch import nn
    net = nn.ModuleList([nn.Linear(1, 1, bias=False) for _ in everyone])
    optimizer = hvd.DistributedOptimizer(torch.optim.SGD(net.parameters(), lr=1.0))
    hvd.broadcast_parameters(net.named_parameters(), root_rank=0)
    before = [layer.weight.item() for layer in net]
    net[rank](torch.ones(1, 1)).backward()  # each rank another layer
    optimizer.step()
    for layer, weight in zip(net, before):
        torch.testing.assert_close(layer.weight.item(), weight - 1 / size)
""",
        ranks=ranks,
    )


def test_an_optimizer_with_a_closure_sees_the_loss_of_all_ranks(horovod):
    horovod(
        TRAINING
        + """
    plain.double(), model.double(), (x := x.double())
    make = lambda net: torch.optim.LBFGS(net.parameters(), line_search_fn="strong_wolfe")
    for optimizer, net, part in ((wrapped(make(model)), model, mine), (make(plain), plain, ...)):
        def closure():
            optimizer.zero_grad()
            loss = loss_of(net, part)
            loss.backward()
            return loss
        for step in range(2):
            loss = optimizer.step(closure)
    equal()
    """
    )


def test_parameters_added_later_and_buckets_of_several_types(horovod):
    horovod("""
    from torch import nn
    single, double = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False).double()
    late = nn.Linear(1, 1, bias=False)
    parameters = [*single.parameters(), *double.parameters()]
    optimizer = hvd.DistributedOptimizer(torch.optim.SGD(parameters, lr=1.0))
    optimizer.add_param_group({"params": list(late.parameters())})
    for net in (single, double, late):
        value = net.weight.new_full((1, 1), rank + 1.0)
        net(value).backward()
    optimizer.synchronize()
    assert [net.weight.grad.item() for net in (single, double, late)] == [1.5] * 3
    """)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ("op=hvd.Adasum, gradient_predivide_factor=2.0", "ValueError", "predivide_factor"),
        ("op=hvd.Max", "ValueError", "Max"),
        ("op=hvd.Sum, gradient_predivide_factor=2.0", "ValueError", "gradient_predivide_factor"),
        ("backward_passes_per_step=0", "ValueError", "backward_passes_per_step=0"),
        ("named_parameters=net.parameters()", "ValueError", "pairs"),
        ("named_parameters=[('a', p) for p in net.parameters()]", "ValueError", "more than once"),
        ("named_parameters=[('a', net.bias)]", "ValueError", "1 of the optimizer's"),
        ("average_gradients=True", "TypeError", "average_gradients"),
    ],
)
def test_wrong_arguments_are_refused_by_name(job, arguments, kind, words):
    job.run(f"""
    import torch, horovod.torch as hvd
    hvd.init()
    net = torch.nn.Linear(1, 1)
    hvd.DistributedOptimizer(torch.optim.SGD(net.parameters(), lr=1.0), {arguments})
    """)
    assert job.error()["type"] == kind
    assert words in job.error()["message"]


def test_gradients_travel_while_backward_computes_others(horovod):
    horovod("""
    import torch.distributed as dist
    from torch import nn
    first, last = nn.Linear(1, 1), nn.Linear(1, 1).double()  # two types: two buckets
    parameters = [*first.parameters(), *last.parameters()]
    optimizer = hvd.DistributedOptimizer(torch.optim.SGD(parameters, lr=1.0))
    events, all_reduce = [], dist.all_reduce
    dist.all_reduce = lambda *a, **b: (events.append("reduce"), all_reduce(*a, **b))[1]
    first.weight.register_post_accumulate_grad_hook(lambda _: events.append("first layer"))
    last(first(torch.ones(1, 1)).double()).backward()
    assert events[0] == "reduce" and "first layer" in events[1:], events
    optimizer.step()
    assert events.count("reduce") == 2
    """)
