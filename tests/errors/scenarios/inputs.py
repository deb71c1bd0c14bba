"""Mistakes about channels."""

from __future__ import annotations

from errors.bench import Bench
from errors.registry import scenario

from jupyter_sdt import TrainingInput


@scenario
def channel_missing(bench: Bench) -> None:
    bench.file("digits/images.npy")
    bench.estimator().fit(str(bench.folder / "digit"))


@scenario
def channel_empty(bench: Bench) -> None:
    (bench.folder / "digits").mkdir()
    bench.estimator().fit({"training": bench.folder / "digits"})


@scenario
def channel_on_s3(bench: Bench) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        bench.patch.delenv(name, raising=False)
    bench.patch.setenv("AWS_CONFIG_FILE", str(bench.folder / "none"))
    bench.estimator().fit({"training": "s3://bucket/digits"})


@scenario
def channel_of_a_foreign_scheme(bench: Bench) -> None:
    bench.estimator().fit({"training": "https://example.org/digits.zip"})


@scenario
def channel_name_not_allowed(bench: Bench) -> None:
    bench.estimator().fit({"my data": bench.file("digits/images.npy")})


@scenario
def channel_of_a_wrong_type(bench: Bench) -> None:
    bench.estimator().fit({"training": [1, 2, 3]})


@scenario
def unknown_input_mode(bench: Bench) -> None:
    TrainingInput(bench.file("digits/images.npy"), input_mode="Fastfile")
