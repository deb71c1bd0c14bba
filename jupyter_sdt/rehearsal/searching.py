"""Search for training jobs: filters on what DescribeTrainingJob tells, order and pages.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from jupyter_sdt.rehearsal.refusals import RefusedError
from jupyter_sdt.rehearsal.training_job import RehearsedJob

_MOST = 100
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda found, wanted: found == wanted,
    "NotEquals": lambda found, wanted: found != wanted,
    "Contains": lambda found, wanted: wanted in found,
    "In": lambda found, wanted: found in wanted.split(","),
    "GreaterThan": lambda found, wanted: _ordered(found) > _ordered(wanted),
    "GreaterThanOrEqualTo": lambda found, wanted: _ordered(found) >= _ordered(wanted),
    "LessThan": lambda found, wanted: _ordered(found) < _ordered(wanted),
    "LessThanOrEqualTo": lambda found, wanted: _ordered(found) <= _ordered(wanted),
}


def searched(jobs: Iterable[RehearsedJob], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of jobs, and the token of the next. Raises RefusedError."""
    expression = request.get("SearchExpression") or {}
    told = [{**job.describe(), "Tags": job.tags} for job in jobs]
    found = [one for one in told if _fits(one, expression)]
    by = str(request.get("SortBy") or "LastModifiedTime")
    found.sort(key=lambda one: _text(_value(one, by)) or "")
    if request.get("SortOrder") != "Ascending":
        found.reverse()
    first = int(request.get("NextToken") or 0)
    last = first + int(request.get("MaxResults") or _MOST)
    page = {"Results": [{"TrainingJob": one} for one in found[first:last]]}
    return {**page, "NextToken": str(last)} if last < len(found) else page


def _fits(told: Mapping[str, Any], expression: Mapping[str, Any]) -> bool:
    answers = [
        *(_matches(told, one) for one in expression.get("Filters", ())),
        *(_fits(told, one) for one in expression.get("SubExpressions", ())),
    ]
    return any(answers) if answers and expression.get("Operator") == "Or" else all(answers)


def _matches(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    found = _text(_value(told, wanted["Name"]))
    operator = str(wanted.get("Operator", "Equals"))
    if operator in ("Exists", "NotExists"):
        return (found is not None) == (operator == "Exists")
    if operator not in _OPERATORS:
        raise RefusedError("ValidationException", f"Unknown operator {operator}")
    if found is None:
        return operator == "NotEquals"
    return _OPERATORS[operator](found, str(wanted["Value"]))


def _value(told: Any, name: str) -> Any:
    """``ResourceConfig.InstanceType``, ``HyperParameters.lr``, ``Tags.team``."""
    head, _, rest = name.partition(".")
    if head == "Tags" and rest:
        return next((tag["Value"] for tag in told["Tags"] if tag["Key"] == rest), None)
    found = told.get(head) if isinstance(told, Mapping) else None
    return _value(found, rest) if rest else found


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)


def _ordered(text: str) -> tuple[float, str]:
    """Numbers by their size, times and everything else as text."""
    try:
        return float(text), ""
    except ValueError:
        return 0.0, text.replace("Z", "+00:00")
