"""The line of the magic is read into Estimator keywords, or refused by the flag's name."""

import pytest

from jupyter_sdt.cells.arguments import parse_arguments
from jupyter_sdt.cells.flags import FLAGS, help_text
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.keywords import NAMES, ONLY_FOR

FROZEN = """
base-job-name batch-size-hyperparameter checkpoint-local-path checkpoint-s3-uri code-location
container-log-level dependencies disable-output-compression disable-profiler distribution
enable-infra-check enable-network-isolation enable-remote-debug enable-sagemaker-metrics
enable-session-tag-chaining encrypt-inter-container-traffic entry-point env environment
framework-version hang-seconds help hp hyperparameter-style hyperparameters image-uri in input
input-mode instance-count instance-groups instance-placement-config instance-type
keep-alive-period-in-seconds launcher max-restarts max-retry-attempts max-run max-wait metric
metric-definitions model-channel-name model-uri name no-wait out output-kms-key output-path
oversubscribe plan processes py-version repeats requirements role scale scaling security-group-ids
source-dir stop-seconds study subnets tags training-plan training-repository-access-mode
training-repository-credentials-provider-arn use-spot-instances volume-kms-key volume-size wait
warmup-steps
"""
# Objects of SageMaker's SDK, and what a service's container alone understands.
OBJECTS = {
    *("sagemaker_session", "git_config", "rules", "debugger_hook_config"),
    *("tensorboard_output_config", "profiler_config"),
    *("container_entry_point", "container_arguments"),
}


def parse(line, **variables):
    return parse_arguments(line, variables)


def test_the_list_of_flags_is_frozen():
    assert sorted(FLAGS) == FROZEN.split()


def test_every_keyword_of_the_estimator_that_a_line_can_hold_has_a_flag():
    flags = {flag.keyword for flag in FLAGS.values() if flag.owner == "estimator"}
    assert flags == set(NAMES) - OBJECTS - set(ONLY_FOR)


def test_every_flag_is_in_the_help():
    text = help_text()
    assert all(f"  {flag.shown} " in text and flag.help for flag in FLAGS.values())


def test_an_empty_line_asks_for_nothing():
    arguments = parse("")
    assert arguments.estimator == {}
    assert arguments.wait
    assert arguments.job_name is None


def test_flags_become_estimator_keywords():
    line = "--instance-type local --instance-count=2 --processes 4 --max-run 60 --hang-seconds 2.5"
    assert parse(line).estimator == {
        "instance_type": "local",
        "instance_count": 2,
        "processes_per_node": 4,
        "max_run": 60,
        "hang_seconds": 2.5,
    }


def test_the_magics_own_flags_stay_with_the_magic():
    arguments = parse("--in a,b --out c --name job-1 --no-wait --plan --input train=./d")
    assert arguments.estimator == {}
    assert arguments.variables_in == ("a", "b")
    assert arguments.variables_out == ("c",)
    assert (arguments.job_name, arguments.wait, arguments.plan) == ("job-1", False, True)
    assert arguments.inputs == {"train": "./d"}


def test_a_study_is_asked_for_by_world_sizes():
    arguments = parse("--scale 1,2,4 --scaling weak --repeats 3")
    assert (arguments.scale, arguments.scaling, arguments.repeats) == ((1, 2, 4), "weak", 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("true", True),
        ("True", True),
        ("None", None),
        ("[1,2]", [1, 2]),
        ("adam", "adam"),
        ("", ""),
        ("a=b", "a=b"),
    ],
)
def test_a_hyperparameter_is_a_literal_where_it_reads_as_one(text, value):
    assert parse(f"--hp 'x={text}'").estimator == {"hyperparameters": {"x": value}}


def test_repeatable_flags_gather():
    estimator = parse("--hp a=1 --hp b=2 --env X=1 --environment Y=z").estimator
    assert estimator["hyperparameters"] == {"a": 1, "b": 2}
    assert estimator["environment"] == {"X": "1", "Y": "z"}


def test_metrics_are_sagemakers_definitions():
    estimator = parse("--metric 'loss=loss: ([0-9.]+)$'").estimator
    assert estimator["metric_definitions"] == [{"Name": "loss", "Regex": "loss: ([0-9.]+)$"}]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("torch_distributed", {"torch_distributed": {"enabled": True}}),
        ("dataparallel", {"smdistributed": {"dataparallel": {"enabled": True}}}),
        ("""'{"mpi": {"enabled": true}}'""", {"mpi": {"enabled": True}}),
    ],
)
def test_a_distribution_is_a_short_word_or_sagemakers_dict(word, value):
    assert parse(f"--distribution {word}").estimator == {"distribution": value}


def test_a_dollar_takes_the_variable_itself():
    arguments = parse("--distribution $d --hp lr=$lr --env N=$n", d={"mpi": {}}, lr=0.5, n=3)
    assert arguments.estimator == {
        "distribution": {"mpi": {}},
        "hyperparameters": {"lr": 0.5},
        "environment": {"N": "3"},
    }


def test_hyperparameters_of_the_cell_join_those_of_the_flags():
    arguments = parse("--entry-point t.py --hp a=1").with_hyperparameters({"b": 2})
    assert arguments.estimator["hyperparameters"] == {"a": 1, "b": 2}
    with pytest.raises(SpecError, match="'a' is given twice: 1 by a flag and 5 in the cell"):
        arguments.with_hyperparameters({"a": 5})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--proceses 2", "--proceses: no such flag; did you mean '--processes'?"),
        ("--zzz", "see %%sdt_train --help"),
        ("--batch_size 8", "a hyperparameter of the script is --hp batch_size=VALUE; see %%sdt"),
        ("-n 2", "-n: no such flag; here it is --processes"),
        ("--nproc_per_node 2", "--nproc_per_node: no such flag; here it is --processes"),
        ("--distribution DDP", "nor a JSON object; did you mean 'torch_distributed'?"),
        ("processes 2", "'processes' is not a flag: flags begin with --; did you mean"),
        ("--processes two", "--processes: 'two' is not a whole number"),
        ("--processes", "--processes: needs a value: --processes N"),
        ("--processes --wait", "--processes: needs a value: --processes N"),
        ("--processes 1 --processes 2", "--processes: is given twice"),
        ("--wait --no-wait", "--no-wait: cannot go with --wait"),
        ("--wait=3", "--wait: takes no value, but '3' was given"),
        ("--max-run -1", "--max-run: '-1' is not a positive number of seconds"),
        ("--hang-seconds nan", "'nan' is not a positive number of seconds"),
        ("--hp lr", "--hp: 'lr' is not of the form NAME=VALUE"),
        ("--hp a=1 --hp a=2", "--hp: 'a' is given twice: 1 and 2"),
        ("--hp a=1 --hyperparameters {}", "--hyperparameters: cannot go with --hp"),
        ("--hyperparameters {a:1}", "--hyperparameters: not JSON"),
        ("--metric 'loss=('", "--metric: not a regular expression"),
        ("--launcher torchun", "'torchun' is not one of nursery, torchrun, mpirun, python"),
        ("--distribution torch", "--distribution: 'torch' is none of torch_distributed"),
        ("--scale 1,x", "--scale: 'x' is not a whole number"),
        ("--scale 0,1", "different world sizes of at least 1"),
        ("--scale 2,2", "different world sizes of at least 1"),
        ("--scale 1,2 --processes 2", "--scale: says how many processes; leave --processes out"),
        ("--scale 1 --out c", "--out: a study runs several jobs"),
        ("--scale 1,2 --plan", "--plan: a study has a plan per size"),
        ("--repeats 3", "--repeats: belongs to a study; add --scale 1,2,4"),
        ("--oversubscribe", "--oversubscribe: belongs to a study"),
        ("--scale 1,2 --study 1a", "--study: '1a' is not the name of a variable"),
        ("--in a,,b", "--in: 'a,,b' has an empty name"),
        ("--out 1a", "--out: '1a' is not the name of a variable"),
        ("--hp 'a", "quotes must come in pairs"),
        ("--distribution $dd", "$dd names no variable of this notebook; did you mean 'd'?"),
        ("--role ''", "--role: the value is empty"),
    ],
)
def test_a_mistake_names_the_flag(line, message):
    with pytest.raises(SpecError) as caught:
        parse(line, d={})
    assert message in str(caught.value)
