"""Mistakes on the magic's line."""

from __future__ import annotations

from errors.bench import Bench
from errors.registry import scenario


@scenario
def unknown_flag(bench: Bench) -> None:
    bench.train("--proceses 2")


@scenario
def hyperparameter_as_a_flag(bench: Bench) -> None:
    bench.train("--lr 0.1")


@scenario
def flag_of_another_launcher(bench: Bench) -> None:
    bench.train("--nproc_per_node 2")


@scenario
def flag_without_dashes(bench: Bench) -> None:
    bench.train("processes 2")


@scenario
def flag_without_value(bench: Bench) -> None:
    bench.train("--processes")


@scenario
def switch_with_value(bench: Bench) -> None:
    bench.train("--plan=yes")


@scenario
def flag_not_a_number(bench: Bench) -> None:
    bench.train("--processes two")


@scenario
def flag_given_twice(bench: Bench) -> None:
    bench.train("--processes 2 --processes 4")


@scenario
def flags_that_exclude_each_other(bench: Bench) -> None:
    bench.train("--wait --no-wait")


@scenario
def quote_not_closed(bench: Bench) -> None:
    bench.train("--name 'digits")


@scenario
def unknown_variable_as_value(bench: Bench) -> None:
    bench.define(rate=0.1)
    bench.train("--hp lr=$rat")


@scenario
def hyperparameters_not_json(bench: Bench) -> None:
    bench.train("""--hyperparameters "{'lr': 0.1}" """)


@scenario
def unknown_choice(bench: Bench) -> None:
    bench.train("--launcher torchrn")


@scenario
def unknown_distribution_word(bench: Bench) -> None:
    bench.train("--distribution torch_distribute")


@scenario
def time_not_positive(bench: Bench) -> None:
    bench.train("--max-run -5")


@scenario
def metric_not_a_regex(bench: Bench) -> None:
    bench.train("--metric 'loss=loss: ([0-9.+'")


@scenario
def name_not_in_notebook(bench: Bench) -> None:
    bench.define(images=[1, 2, 3])
    bench.train("--in image")


@scenario
def name_that_cannot_be_sent(bench: Bench) -> None:
    bench.cell("rows = (number for number in range(3))")
    bench.train("--in rows")


@scenario
def object_of_a_notebook_class(bench: Bench) -> None:
    bench.cell("class Net:\n    pass\nnets = [Net()]")
    bench.train("--in nets")


@scenario
def object_that_refuses_pickle(bench: Bench) -> None:
    bench.cell("import sqlite3\ndatabase = sqlite3.connect(':memory:')")
    bench.train("--in database")


@scenario
def out_not_a_name(bench: Bench) -> None:
    bench.train("--out best-loss")


@scenario
def scale_with_processes(bench: Bench) -> None:
    bench.train("--scale 1,2 --processes 2")


@scenario
def scale_with_equal_sizes(bench: Bench) -> None:
    bench.train("--scale 2,2")


@scenario
def scale_beyond_the_cores(bench: Bench) -> None:
    bench.train("--scale 1,4096")


@scenario
def option_of_a_small_magic(bench: Bench) -> None:
    bench.cell("%sdt_logs --rank one")
