"""hvd.elastic: the last commit is what training returns to."""

FAILING = """
    from horovod.common.exceptions import HorovodInternalError, HostsUpdatedInterrupt
    from torch import nn
    torch.manual_seed(rank)
    net = nn.Linear(2, 1)
    optimizer = hvd.DistributedOptimizer(torch.optim.Adam(net.parameters(), lr=0.1))
    state = hvd.elastic.TorchState(net, optimizer, batch=10 * rank, seen=[])
    resets = []
    state.register_reset_callbacks([lambda: resets.append(state.batch)])

    def train_one(state):
        optimizer.zero_grad()
        net(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()
        state.batch += 1
        state.seen.append(state.batch)
"""


def test_training_goes_on_from_the_last_commit(horovod):
    horovod(
        FAILING
        + """
    @hvd.elastic.run
    def train(state, until):
        while state.batch < until:
            train_one(state)
            if state.batch == 4 and not resets:
                net(torch.ones(1, 2)).sum().backward()  # gradients are on their way
                raise HorovodInternalError("a rank is gone")
            if state.batch % 2 == 0:
                kept.update({k: v.clone() for k, v in net.state_dict().items()})
                state.commit()
        return "done"

    kept = {}
    assert train(state, until=6) == "done"
    assert resets == [2]
    assert state.seen == [1, 2, 3, 4, 5, 6]
    torch.testing.assert_close(dict(net.state_dict()), kept)
    assert state.model is net and state.optimizer is optimizer
    assert optimizer.state_dict()["state"][0]["step"] == 6
    both = hvd.allgather_object(net.state_dict())
    torch.testing.assert_close(both[0], both[1])
    """
    )


def test_a_failure_that_comes_back_without_a_commit_in_between_ends_the_training(horovod):
    horovod(
        FAILING
        + """
    calls = []

    @hvd.elastic.run
    def train(state):
        calls.append(state.batch)
        raise HorovodInternalError("again")

    refused(lambda: train(state), HorovodInternalError, "again")
    assert calls == [0, 0]
    """
    )


def test_a_rank_that_is_gone_is_an_internal_error_of_the_others(job):
    job.run(
        """
        import os, torch, horovod.torch as hvd
        from horovod.common.exceptions import HorovodInternalError
        hvd.init()
        if hvd.rank() == 1:
            os._exit(9)
        try:
            hvd.allreduce(torch.ones(3))
        except HorovodInternalError:
            print("noticed")
        """,
        ranks=2,
    )
    assert job.codes == [0, 9]
    assert "noticed" in job.log()


def test_states_of_one_s_own_say_what_they_lack(horovod):
    horovod("""
    state = hvd.elastic.State()
    for method in (state.save, state.restore, state.sync, state.commit):
        refused(method, NotImplementedError, "")
    numbers = hvd.elastic.ObjectState(a=rank)
    numbers.sync()
    assert numbers.a == 0
    numbers.a = 5
    numbers.restore()
    assert numbers.a == 0
    """)
