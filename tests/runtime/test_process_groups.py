import pytest

DDP_IN_A_FUNCTION = """
    import os, torch, torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    def train(number):
        store = f"file://{os.getcwd()}/store-{number}"
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=size)
        model = DistributedDataParallel(torch.nn.Linear(4, 1))
        model(torch.ones(2, 4)).sum().backward()
        dist.barrier()
        dist.destroy_process_group()

    for number in range(20):
        train(number)
    print("left the function")
"""


def test_a_ddp_model_freed_after_its_process_group_does_not_hang(job):
    job.run(DDP_IN_A_FUNCTION, ranks=2, timeout=20)
    assert job.codes == [0, 0]
    assert "left the function" in job.log(1)


@pytest.mark.slow
def test_groups_are_kept_too_when_the_script_imports_torch_itself(job):
    job.write(
        "entry_point.py",
        """
        import sys
        assert "torch" not in sys.modules
        import torch.distributed as dist
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        dist.destroy_process_group()
        from jupyter_sdt.runtime import process_groups
        print(len(process_groups._kept), dist.is_initialized())
        """,
    )
    assert job.run_cold("entry_point.py").codes == [0]
    assert job.log() == "1 False\n"
