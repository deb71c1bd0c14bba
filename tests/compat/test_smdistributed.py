"""Scripts in the style of each version of SageMaker's data-parallel library."""

import pytest

RANKS = pytest.mark.parametrize("ranks", [2, 3])

OLD_API = """
    import smdistributed.dataparallel.torch.distributed as dist
    from smdistributed.dataparallel.torch.parallel.distributed import DistributedDataParallel as DDP
    import torch
    dist.init_process_group(backend="nccl")
    rank, size = dist.get_rank(), dist.get_world_size()
"""


def check(job, body, *, ranks=2, before=OLD_API):
    job.run(before + body, ranks=ranks)
    assert job.codes == [0] * ranks, job.log() + job.log(ranks - 1)


@RANKS
def test_the_functions_of_the_module_api_do_what_they_say(job, ranks):
    check(
        job,
        """
    assert dist.is_available() and dist.is_initialized()
    assert dist.get_local_rank() == rank and dist.get_world_size(dist.group.WORLD) == size

    def reduced(op, **options):
        tensor = torch.tensor([rank + 1.0, -rank])
        work = dist.all_reduce(tensor, op, **options)
        assert (work is None) == (not options)
        if work is not None:
            work.wait(); work.wait()
            assert work.is_completed()
        return tensor.tolist()

    total = size * (size + 1) / 2
    assert reduced(None)[0] == reduced(dist.ReduceOp.SUM, async_op=True)[0] == total
    assert reduced(dist.ReduceOp.AVERAGE)[0] == total / size
    assert reduced(dist.ReduceOp.AVERAGE, async_op=True)[0] == total / size
    assert reduced(dist.ReduceOp.MIN) == [1, 1 - size]
    assert reduced(dist.ReduceOp.MAX) == [size, 0]

    tensor = torch.tensor([rank])
    dist.broadcast(tensor, src=1)
    assert tensor.item() == 1
    gathered = [torch.zeros(1) for _ in range(size)]
    dist.all_gather(gathered, torch.tensor([float(rank)]))
    assert torch.cat(gathered).tolist() == list(range(size))
    swapped = torch.zeros(size, dtype=torch.long)
    dist.all_to_all_single(swapped, torch.arange(size) + 10 * rank)
    assert swapped.tolist() == [10 * other + rank for other in range(size)]
    mine = torch.zeros(size * (rank + 1), dtype=torch.long)
    split = [other + 1 for other in range(size)]
    dist.all_to_all_single(mine, torch.arange(sum(split)), [rank + 1] * size, split)
    dist.barrier()
""",
        ranks=ranks,
    )


@pytest.mark.parametrize("call", ["dist.all_reduce(x)", "dist.get_rank()", "DDP(net)"])
def test_out_of_order_use_is_refused_with_the_way_out(job, call):
    before = OLD_API.partition("    dist.init_process_group")[0]
    job.run(before + f"    x, net = torch.ones(1), torch.nn.Linear(1, 1)\n    {call}")
    assert job.error()["type"] == "SMDDPError"
    assert "init_process_group() " in job.error()["message"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("dist.all_reduce(x, op='sum')", "op='sum' is not one of ReduceOp.AVERAGE"),
        ("dist.broadcast(x, group=[0])", "group=[0]"),
        ("DDP(net, process_group=[0])", "process_group"),
        ("DDP(net, gradient_accumulation_steps=2)", "no_sync()"),
        ("DDP(net, bucket_size=2)", "bucket_size"),
    ],
)
def test_what_the_library_does_not_have_is_refused_by_name(job, call, words):
    job.run(OLD_API + f"    x, net = torch.ones(1), torch.nn.Linear(1, 1)\n    {call}")
    assert words in job.error()["message"]


TRAINING = """
    from torch import nn
    torch.manual_seed(rank)  # every rank begins differently; rank 0's parameters count
    def network():
        layers = nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3)
        return nn.Sequential(*layers).eval()
    torch.manual_seed(0)
    plain = network()
    x, y = torch.randn(12, 6), torch.randint(3, (12,))
    torch.manual_seed(rank)
    net = network()
"""


@RANKS
def test_wrapping_first_and_moving_later_trains_as_one_process_would(job, ranks):
    check(
        job,
        TRAINING
        + """
    kept = list(net.parameters())
    model = DDP(net, broadcast_buffers=False)
    for a, b in zip(net.parameters(), plain.parameters()):
        assert torch.equal(a, b)
    model.to("cpu").double()
    plain.double(), (x := x.double())
    assert all(a is b for a, b in zip(kept, model.parameters()))
    assert list(model.state_dict()) == ["module." + name for name in plain.state_dict()]
    ours = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    theirs = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    share = slice(rank, None, size)
    for step in range(4):
        for optimizer, net_, part in ((ours, model, share), (theirs, plain, slice(None))):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net_(x[part]), y[part]).backward()
            optimizer.step()
    torch.testing.assert_close(model.module.state_dict(), plain.state_dict())
""",
        ranks=ranks,
    )


def test_no_sync_keeps_gradients_local_and_evaluation_communicates_nothing(job):
    check(
        job,
        """
    model = DDP(torch.nn.Linear(2, 1, bias=False))
    x = torch.full((1, 2), 1.0 + rank)
    with model.no_sync():
        model(x).sum().backward()
    assert model.module.weight.grad.tolist() == [[1.0 + rank] * 2]
    model(x).sum().backward()
    assert model.module.weight.grad.tolist() == [[3.0, 3.0]]
    if rank == 0:
        with torch.no_grad():
            model.eval()(x)
    assert not model.eval().training and model.train().training
""",
    )


BACKEND_STYLE = """
    import smdistributed.dataparallel.torch.torch_smddp
    import os, torch, torch.distributed as dist
    dist.init_process_group(backend="smddp")
    rank, size = dist.get_rank(), dist.get_world_size()
"""


@RANKS
def test_the_backend_smddp_serves_torch_distributed(job, ranks):
    check(
        job,
        """
    assert dist.get_backend() == "smddp"
    assert os.environ["SMDATAPARALLEL_LOCAL_RANK"] == str(rank)
    tensor = torch.full((5,), float(rank))
    dist.all_reduce(tensor)
    assert tensor.tolist() == [size * (size - 1) / 2] * 5
    dist.reduce(tensor, dst=0)
    dist.broadcast(tensor, src=0)
    gathered = [torch.zeros(5) for _ in range(size)]
    dist.all_gather(gathered, tensor)
    names = [None] * size
    dist.all_gather_object(names, f"rank {rank}")
    assert names == [f"rank {other}" for other in range(size)]
    said = [names] if rank == 0 else [None]
    dist.broadcast_object_list(said)
    assert said == [names]
    dist.barrier()
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1, bias=False))
    model(torch.full((1, 2), float(rank))).sum().backward()
    assert model.module.weight.grad.tolist() == [[(size - 1) / 2] * 2]
""",
        ranks=ranks,
        before=BACKEND_STYLE,
    )


def test_without_the_import_the_backend_is_unknown_as_on_sagemaker(job):
    job.run("import torch.distributed as dist\ndist.init_process_group(backend='smddp')")
    assert job.codes == [1]
    assert "smddp" in job.error()["message"].lower()


def test_the_names_around_the_library_are_there(job):
    job.run("""
    import smdistributed.dataparallel, smdistributed.dataparallel.exceptions as exceptions
    import smdistributed.dataparallel.torch.dist as dist
    from smdistributed.dataparallel.torch.parallel import DistributedDataParallel
    assert smdistributed.dataparallel.__version__.startswith("1.")
    assert issubclass(exceptions.SMDDPError, Exception)
    assert all(hasattr(dist, name) for name in dist.__all__)
    """)
    assert job.codes == [0], job.log()
