"""Ranks that train together end each step together; what each works tells them apart."""

import statistics

UNEVEN = """
import time
from jupyter_sdt.runtime import DistributedModel, init
context = init()
model = DistributedModel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(12):
    time.sleep(0.06 * context.rank)
    optimizer.zero_grad(); model(x).mean().backward(); optimizer.step()
"""


def medians(records, name):
    return statistics.median(r.values[name] for r in records if name in r.values)


def test_a_slow_rank_works_while_the_other_waits(job, model_script):
    job.run(model_script + UNEVEN, ranks=2)
    quick, slow = (job.metrics(rank, source="autolog") for rank in (0, 1))
    assert medians(slow, "work_seconds") > 0.06
    assert medians(quick, "work_seconds") < 0.5 * medians(slow, "work_seconds")
    # Both take as long for a step.
    assert medians(quick, "step_seconds") > 0.06


def test_where_nobody_waits_nothing_is_told(job, model_script):
    body = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    model(x).mean().backward(); optimizer.step()
"""
    job.run(model_script + body)
    assert not any("work_seconds" in record.values for record in job.metrics(source="autolog"))


def test_a_torch_that_tells_it_otherwise_is_asked_no_more(job, model_script):
    job.run(
        model_script
        + """
torch.nn.parallel.DistributedDataParallel._get_ddp_logging_data = None
"""
        + UNEVEN,
        ranks=2,
    )
    last = job.metrics(source="autolog")[-1]
    assert (last.step, "work_seconds" in last.values, job.codes) == (12, False, [0, 0])
