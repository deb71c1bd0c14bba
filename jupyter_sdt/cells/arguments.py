"""The line of ``%%sdt_train`` -> Estimator keywords and what the magic itself needs. Pure."""

from __future__ import annotations

import keyword
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from jupyter_sdt.cells.flags import FLAGS, REPEATABLE, SECTIONS, Flag
from jupyter_sdt.cells.values import read_value, wrong
from jupyter_sdt.errors import SpecError, did_you_mean

# What torchrun, mpirun and others call it.
_ELSEWHERE = {
    **dict.fromkeys(("n", "np", "nproc", "nproc-per-node", "ranks", "world-size"), "processes"),
    **dict.fromkeys(("processes-per-node", "processes-per-host", "gpus"), "processes"),
    **dict.fromkeys(("nnodes", "nodes", "num-nodes", "hosts"), "instance-count"),
    **dict.fromkeys(("script", "file"), "entry-point"),
}
_STUDY_ONLY = tuple(flag for flag in SECTIONS["Scaling study"] if flag.name != "scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What the line asked for: ``estimator`` keywords, and the magic's own settings.

    ``wait`` is None when the line does not say. ``scale`` is empty unless a scaling study is
    wanted.
    """

    estimator: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    variables_in: tuple[str, ...] = ()
    variables_out: tuple[str, ...] = ()
    job_name: str | None = None
    wait: bool = True
    plan: bool = False
    help: bool = False
    scale: tuple[int, ...] = ()
    scaling: Literal["strong", "weak"] = "strong"
    repeats: int = 1
    oversubscribe: bool = False
    warmup_steps: int | None = None
    batch_size_hyperparameter: str | None = None
    study: str = ""

    @property
    def entry_point(self) -> str | None:
        """The script that runs instead of the cell, or None."""
        return self.estimator.get("entry_point")

    def with_hyperparameters(self, given: Mapping[str, Any]) -> Self:
        """Add the hyperparameters a cell holds. Raises SpecError for one that is given twice."""
        ours = dict(self.estimator.get("hyperparameters", {}))
        twice = sorted(ours.keys() & given.keys())
        if twice:
            raise SpecError(
                f"hyperparameter {twice[0]!r} is given twice: {ours[twice[0]]!r} by a flag and "
                f"{given[twice[0]]!r} in the cell; keep one",
                argument="--hp",
            )
        merged = {**self.estimator, "hyperparameters": {**ours, **given}}
        return replace(self, estimator=merged) if given else self


def parse_arguments(line: str, variables: Mapping[str, Any]) -> Arguments:
    """Read the magic's line; ``variables`` are the notebook's, for values such as ``$lr``.

    Raises SpecError naming the flag, before anything starts.
    """
    groups: dict[str, dict[str, Any]] = {"estimator": {}, "magic": {}}
    seen: dict[str, tuple[Flag, str | None]] = {}
    for flag, text in _flags(_split(line)):
        _once(flag, text, seen)
        value = flag.kind == "on" if text is None else read_value(flag, text, variables)
        _put(groups[flag.owner], flag, value)
    ours = groups["magic"]
    for name in ("variables_in", "variables_out", "scale"):
        ours[name] = tuple(ours.get(name, ()))
    return _check(Arguments(estimator=groups["estimator"], **ours))


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise SpecError(f"%%sdt_train {line}: {error}; quotes must come in pairs") from None


def _flags(words: list[str]) -> Iterator[tuple[Flag, str | None]]:
    """Pair each flag with the text of its value; None for a switch."""
    rest = iter(words)
    for word in rest:
        name, equals, text = word.partition("=")
        flag = _known(name)
        if flag.kind in ("on", "off"):
            if equals:
                raise wrong(flag, f"takes no value, but {text!r} was given")
            yield flag, None
        else:
            yield flag, text if equals else _value(flag, next(rest, None))


def _known(word: str) -> Flag:
    name = "help" if word == "-h" else word.removeprefix("--")
    if not word.startswith("-"):
        hint = f"; did you mean '--{word}'?" if word in FLAGS else ""
        raise SpecError(f"{word!r} is not a flag: flags begin with --{hint}", argument=word)
    if name not in FLAGS:
        raise SpecError(f"{word}: no such flag{_likely(name)}", argument=word)
    return FLAGS[name]


def _likely(name: str) -> str:
    """What somebody may have meant: another launcher's word, a slip, or a hyperparameter."""
    plain = name.strip("-").replace("_", "-")
    if plain in _ELSEWHERE:
        return f"; here it is --{_ELSEWHERE[plain]}"
    if hint := did_you_mean(plain, FLAGS):
        return hint.replace(" '", " '--")
    given = name.lstrip("-")
    return f"; a hyperparameter of the script is --hp {given}=VALUE; see %%sdt_train --help"


def _value(flag: Flag, text: str | None) -> str:
    if text is None or (text.startswith("--") and text[2:].partition("=")[0] in FLAGS):
        raise wrong(flag, f"needs a value: {flag.shown}")
    return text


def _once(flag: Flag, text: str | None, seen: dict[str, tuple[Flag, str | None]]) -> None:
    """Refuse a second value for a keyword, unless both flags may be repeated."""
    before, first = seen.get(flag.keyword, (None, None))
    if before and not (before.kind in REPEATABLE and flag.kind in REPEATABLE):
        if before != flag:
            raise wrong(flag, f"cannot go with --{before.name}; keep one")
        values = "" if text is None else f": {first!r} and {text!r}"
        raise wrong(flag, f"is given twice{values}; keep one")
    seen[flag.keyword] = (flag, text)


def _put(group: dict[str, Any], flag: Flag, value: Any) -> None:
    if flag.kind == "metric":
        name, regex = value
        group.setdefault(flag.keyword, []).append({"Name": name, "Regex": regex})
    elif flag.kind in REPEATABLE:
        name, setting = value
        table = group.setdefault(flag.keyword, {})
        if name in table:
            raise wrong(flag, f"{name!r} is given twice: {table[name]!r} and {setting!r}")
        table[name] = setting
    else:
        group[flag.keyword] = value


def _check(arguments: Arguments) -> Arguments:
    """Refuse names that are none, and combinations that cannot be meant."""
    for flag, names in (("out", arguments.variables_out), ("study", (arguments.study or "_",))):
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise wrong(FLAGS[flag], f"{name!r} is not the name of a variable")
    if arguments.scale:
        _check_study(arguments)
    elif alone := [flag for flag in _STUDY_ONLY if _given(arguments, flag)]:
        raise wrong(alone[0], "belongs to a study; add --scale 1,2,4")
    return arguments


def _check_study(arguments: Arguments) -> None:
    if "processes_per_node" in arguments.estimator:
        raise wrong(FLAGS["scale"], "says how many processes; leave --processes out")
    if arguments.variables_out:
        raise wrong(FLAGS["out"], "a study runs several jobs; --out needs a single one")
    if arguments.plan:
        raise wrong(FLAGS["plan"], "a study has a plan per size; use --processes N --plan")


def _given(arguments: Arguments, flag: Flag) -> bool:
    default = Arguments.__dataclass_fields__[flag.keyword].default
    return bool(getattr(arguments, flag.keyword) != default)
