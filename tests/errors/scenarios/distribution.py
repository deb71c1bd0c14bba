"""Mistakes about how a job is spread."""

from __future__ import annotations

from errors.bench import Bench
from errors.registry import scenario

from jupyter_sdt import ScalingStudy

ON = {"enabled": True}


@scenario
def unknown_distribution_key(bench: Bench) -> None:
    bench.estimator(distribution={"torch_distribted": ON})


@scenario
def unknown_strategy_option(bench: Bench) -> None:
    bench.estimator(distribution={"mpi": {**ON, "processes_per_hosts": 2}})


@scenario
def distribution_not_enabled(bench: Bench) -> None:
    bench.estimator(distribution={"mpi": {"processes_per_host": 2}})


@scenario
def distribution_not_a_dict(bench: Bench) -> None:
    bench.estimator(distribution="mpi")


@scenario
def two_strategies(bench: Bench) -> None:
    bench.estimator(distribution={"mpi": ON, "torch_distributed": ON})


@scenario
def no_processes(bench: Bench) -> None:
    bench.estimator(processes_per_node=0)


@scenario
def processes_that_disagree(bench: Bench) -> None:
    spread = {"mpi": {**ON, "processes_per_host": 2}}
    bench.estimator(distribution=spread, processes_per_node=4)


@scenario
def world_size_that_does_not_divide(bench: Bench) -> None:
    parameters = {"partitions": 2, "tensor_parallel_degree": 2, "ddp": True}
    bench.estimator(
        distribution={
            "smdistributed": {"modelparallel": {**ON, "parameters": parameters}},
            "mpi": {**ON, "processes_per_host": 6},
        },
    )


@scenario
def unknown_model_parallel_parameter(bench: Bench) -> None:
    library = {**ON, "parameters": {"micro_batches": 4}}
    bench.estimator(
        distribution={
            "smdistributed": {"modelparallel": library},
            "mpi": {**ON, "processes_per_host": 2},
        },
    )


@scenario
def model_parallel_alone(bench: Bench) -> None:
    bench.estimator(distribution={"smdistributed": {"modelparallel": ON}})


@scenario
def launcher_that_cannot_serve(bench: Bench) -> None:
    bench.estimator(distribution={"torch_distributed": ON}, launcher="mpirun")


@scenario
def launcher_that_says_too_much(bench: Bench) -> None:
    library = {"smdistributed": {"modelparallel": ON}, "mpi": ON}
    bench.estimator(distribution=library, launcher="torchrun")


@scenario
def sequences_that_do_not_divide(bench: Bench) -> None:
    library = {**ON, "parameters": {"context_parallel_degree": 3}}
    strategy = {"smdistributed": {"modelparallel": library}, "torch_distributed": ON}
    bench.estimator(distribution=strategy, processes_per_node=2).fit()


@scenario
def world_size_not_for_these_nodes(bench: Bench) -> None:
    ScalingStudy(bench.estimator(instance_count=2), world_sizes=[2, 3])


@scenario
def world_sizes_not_a_list(bench: Bench) -> None:
    ScalingStudy(bench.estimator(), world_sizes=4)


@scenario
def batch_that_does_not_divide(bench: Bench) -> None:
    estimator = bench.estimator(hyperparameters={"batch": 100})
    ScalingStudy(estimator, [1, 3], batch_size_hyperparameter="batch", oversubscribe=True)
