import pytest

COMPARE = """
    import copy, torch, torch.distributed as dist
    from torch import nn
    from jupyter_sdt.runtime import DistributedModel, init, shutdown

    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))
    whole, labels = torch.randn(8, 6), torch.randint(3, (8,))
    context = init()
    model = DistributedModel(copy.deepcopy(plain), context)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    reference = torch.optim.AdamW(plain.parameters(), lr=0.05)
    mine = slice(context.rank, None, context.world_size)
    for step in range(5):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(whole[mine]), labels[mine])
        loss.backward()
        mean = loss.detach().clone()
        dist.all_reduce(mean)
        reference.zero_grad()
        expected = nn.functional.cross_entropy(plain(whole), labels)
        expected.backward()
        torch.testing.assert_close(mean / context.world_size, expected.detach())
        for (name, a), (other, b) in zip(model.named_parameters(), plain.named_parameters()):
            assert name == other
            torch.testing.assert_close(a.grad, b.grad)
        optimizer.step()
        reference.step()
    torch.testing.assert_close(model.state_dict(), plain.state_dict())
    shutdown()
    print("equal")
"""


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_loss_and_gradients_equal_those_of_one_process_on_the_whole_batch(job, ranks):
    job.run(COMPARE, ranks=ranks)
    assert job.codes == [0] * ranks, job.log()
    assert all(job.log(rank) == "equal\n" for rank in range(ranks))


def test_the_wrapper_shows_the_module_s_own_names_and_attributes(job):
    job.run(
        """
        import copy, torch
        from torch import nn
        from jupyter_sdt.runtime import DistributedModel, init, shutdown

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body, self.width = nn.Linear(2, 2), 2
                self.register_buffer("seen", torch.zeros(()))
            def forward(self, x):
                return self.body(x)
            def describe(self):
                return "a net"

        plain = Net()
        init()
        model = DistributedModel(plain)
        assert list(model.state_dict()) == list(plain.state_dict()) == \
            ["seen", "body.weight", "body.bias"]
        assert [n for n, _ in model.named_parameters()] == ["body.weight", "body.bias"]
        assert len(list(model.parameters())) == 2
        assert [n for n, _ in model.named_buffers()] == ["seen"]
        assert (model.width, model.describe()) == (2, "a net")
        model.load_state_dict(plain.state_dict())
        assert type(copy.deepcopy(model)) is Net
        assert not model.eval().module.training and model.train().module.training
        try:
            model.depth
        except AttributeError as error:
            assert "depth" in str(error)
        else:
            raise AssertionError("no such attribute")
        shutdown()
        """,
        ranks=2,
    )
    assert job.codes == [0, 0], job.log()


def test_gradients_add_up_locally_without_sync_and_are_averaged_afterwards(job):
    job.run(
        """
        import torch
        from jupyter_sdt.runtime import DistributedModel, init, shutdown
        context = init()
        model = DistributedModel(torch.nn.Linear(1, 1, bias=False))
        mine = torch.full((1, 1), float(context.rank))
        with model.no_sync():
            model(mine).sum().backward()
        assert model.weight.grad.item() == context.rank
        model(mine).sum().backward()
        assert model.weight.grad.item() == 1.0, model.weight.grad  # mean of 0 + 0 and 1 + 1
        shutdown()
        """,
        ranks=2,
    )
    assert job.codes == [0, 0], job.log(0) + job.log(1)


def test_one_rank_alone_may_evaluate_a_model_with_running_statistics(job):
    job.run(
        """
        import torch
        from jupyter_sdt.runtime import DistributedModel, init, shutdown
        context = init()
        model = DistributedModel(torch.nn.BatchNorm1d(2))
        model(torch.randn(4, 2)).sum().backward()
        if context.rank == 0:
            model.eval()
            with torch.no_grad():
                model(torch.randn(3, 2))
        shutdown()
        """,
        ranks=2,
        timeout=20,
    )
    assert job.codes == [0, 0], job.log(0) + job.log(1)
