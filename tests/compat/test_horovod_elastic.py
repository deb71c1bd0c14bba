"""hvd.elastic: the last commit is what training returns to."""

from support import Jobs, ranks

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


def test_a_sampler_goes_on_with_what_nobody_has_processed(horovod):
    horovod("""
    from horovod.common.exceptions import HorovodInternalError
    sampler = hvd.elastic.ElasticSampler(range(13), seed=3)
    loader = torch.utils.data.DataLoader(range(13), batch_size=2, sampler=sampler)
    state = hvd.elastic.TorchState(torch.nn.Linear(1, 1), sampler=sampler, epoch=0)
    drawn, failures = [], [1]

    @hvd.elastic.run
    def train(state):
        for number, batch in enumerate(loader):
            if number == 2 and failures:
                failures.pop()
                drawn.append("lost")
                raise HorovodInternalError("a rank is gone")
            drawn.extend(batch.tolist())
            sampler.record_batch(number, 2)
            if number == 0:
                state.commit()

    assert len(sampler) == 7 and len(loader) == 4
    train(state)
    everybodys = hvd.allgather_object(drawn)
    kept = [of[:2] + of[of.index("lost") + 1:] for of in everybodys]  # of batch 1 nothing is left
    assert {n for of in kept for n in of} == set(range(13)), kept
    assert sum(map(len, kept)) in (13, 14)
    assert len(sampler.processed_indices) < 13  # each rank knows its own; a commit joins them
    state.sync()
    assert sampler.processed_indices == set(range(13)) and list(sampler) == []
    sampler.set_epoch(1)
    assert len(sampler) == 7 and sampler.processed_indices == set()
    orders = hvd.allgather_object(list(sampler))
    assert {n for order in orders for n in order} == set(range(13)) and orders[0] != orders[1]
    plain = hvd.elastic.ElasticSampler(range(4), shuffle=False)
    assert list(plain) == [rank, rank + 2]
    """)


LOSES_A_RANK = """
import os, torch, horovod.torch as hvd
hvd.init()
net = torch.nn.Linear(1, 1)
optimizer = hvd.DistributedOptimizer(torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9))
sampler = hvd.elastic.ElasticSampler(range(8), shuffle=False)
state = hvd.elastic.TorchState(net, optimizer, sampler=sampler, step=0)

@hvd.elastic.run
def train(state):
    print("begins at", state.step, net.weight.item(), sorted(sampler.processed_indices), flush=True)
    print("momentum", [v["momentum_buffer"].item() for v in optimizer.state.values()][:1])
    while state.step < 4:
        net.zero_grad()
        net(torch.ones(1, 1)).sum().backward()
        optimizer.step()
        state.step += 1
        sampler.record_indices({2 * state.step - 2 + hvd.rank()})
        if state.step == 2:
            print("commits", net.weight.item(), flush=True)
            state.commit()
            hvd.barrier()
        if state.step == 3 and hvd.rank() == 1 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os.kill(os.getpid(), 9)
    assert len(set(hvd.allgather_object(net.weight.item()))) == 1

train(state)
"""


def test_after_a_restart_training_goes_on_from_the_last_commit(tmp_path):
    directory = Jobs(tmp_path).run(LOSES_A_RANK, distribution=ranks(2), max_restarts=1)
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    kept = log.partition("commits ")[2].split()[0]
    assert f"begins at 2 {kept} [0, 1, 2, 3]" in log
    assert "momentum [1.8999" in log  # 0.9 * 1 + 1
    assert not list((directory.path / "commits").iterdir())  # training is over
