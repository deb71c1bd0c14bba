import pickle


def spec(given=(), wanted=()):
    return {"variables_in": list(given), "variables_out": list(wanted)}


def send(job, **values):
    for name, value in values.items():
        (job.path / "variables" / "in" / f"{name}.pickle").write_bytes(pickle.dumps(value))


def received(job, name):
    return pickle.loads((job.path / "variables" / "out" / f"{name}.pickle").read_bytes())


def test_values_arrive_as_globals_and_rank_zero_s_come_back(job):
    send(job, data=[1, 2], scale=3)
    job.run(
        "import os; result = [x * scale for x in data] + [os.environ['RANK']]",
        spec=spec(["data", "scale"], ["result"]),
        ranks=2,
    )
    assert job.codes == [0, 0]
    assert received(job, "result") == [3, 6, "0"]


def test_a_missing_result_names_the_nearest_variable(job):
    job.run("accuracy = 1", spec=spec(wanted=["acuracy"]), ranks=2)
    assert job.codes == [1, 0]
    assert "--out acuracy" in job.error(0)["message"]
    assert "did you mean 'accuracy'" in job.error(0)["message"]


def test_a_result_that_cannot_be_pickled_is_named(job):
    job.run("f = lambda: 1", spec=spec(wanted=["f"]))
    assert job.codes == [1]
    assert "--out f: a function that cannot be pickled" in job.error()["message"]


def test_a_value_that_cannot_be_read_here_is_named(job):
    (job.path / "variables" / "in" / "net.pickle").write_bytes(b"cnowhere\nNet\n.")
    job.run("print('not reached')", spec=spec(["net"]))
    assert job.codes == [1]
    assert "--in net: cannot be read on this rank: ModuleNotFoundError" in job.error()["message"]
    assert "not reached" not in job.log().splitlines()


def test_a_wrapped_model_comes_back_as_the_plain_module(job):
    import torch

    job.run(
        """
        import torch
        from torch.nn.parallel import DistributedDataParallel
        from jupyter_sdt.runtime import DistributedModel, init, shutdown
        init()
        torch.manual_seed(0)
        ours = DistributedModel(torch.nn.Linear(2, 1))
        models = {"torch": DistributedDataParallel(torch.nn.Linear(2, 1)), "ours": ours}
        weight = ours.weight
        shutdown()
        """,
        spec=spec(wanted=["models", "weight"]),
        ranks=2,
    )
    assert job.codes == [0, 0], job.log()
    models = received(job, "models")
    assert {type(model) for model in models.values()} == {torch.nn.Linear}
    assert torch.equal(received(job, "weight"), models["ours"].weight)


def test_one_missing_result_does_not_lose_the_others(job):
    job.run("loss = 0.5\nf = lambda: 1\nend = 2", spec=spec(wanted=["f", "loss", "nothing", "end"]))
    assert job.codes == [1]
    assert "--out f" in job.error()["message"]
    assert (received(job, "loss"), received(job, "end")) == (0.5, 2)
