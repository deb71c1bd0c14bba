"""Mistakes in the cell below the magic's line."""

from __future__ import annotations

from errors.bench import Bench
from errors.registry import scenario


@scenario
def cell_syntax_error(bench: Bench) -> None:
    bench.train("--processes 2", "steps = 10\nloss = = 1\n")


@scenario
def cell_shell_line(bench: Bench) -> None:
    bench.train("", "!nvidia-smi\n")


@scenario
def cell_pip_line(bench: Bench) -> None:
    bench.train("", "%pip install einops\n")


@scenario
def cell_magic_result(bench: Bench) -> None:
    bench.train("", "files = %ls\n")


@scenario
def cell_without_code(bench: Bench) -> None:
    bench.train("--processes 2", "# to be written\n")


@scenario
def cell_not_hyperparameters(bench: Bench) -> None:
    script = bench.file("train.py", "print('hello')")
    bench.train(f"--entry-point {script}", "lr = 0.1\nsteps = lr * 10\n")


@scenario
def hyperparameter_in_cell_and_flag(bench: Bench) -> None:
    script = bench.file("train.py", "print('hello')")
    bench.train(f"--entry-point {script} --hp lr=0.5", "lr = 0.1\n")
