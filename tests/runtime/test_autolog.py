PLAIN = """
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.125)
    loader = DataLoader(TensorDataset(torch.ones(40, 8), torch.ones(40, 1)), batch_size=10)
    for epoch in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
    print("final", loss.item())
"""


def test_loss_rate_and_throughput_of_a_plain_script_are_recorded(job):
    job.run(PLAIN, "--epochs", "3")
    records = job.metrics(source="autolog")
    assert job.codes == [0]
    assert records[0].step == 1
    assert records[0].values["total_steps"] == 12
    assert records[0].values["learning_rate"] == 0.125
    assert records[-1].step == 12
    assert records[-1].values["loss"] == float(job.log().split("final")[1])
    assert records[-1].values["epoch"] == 3
    assert records[-1].values["samples_per_second"] > 0
    rate = records[-1].values["samples_per_second"] * records[-1].values["step_seconds"]
    assert round(rate, 6) == 10
