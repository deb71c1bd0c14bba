"""Which jobs a browser wants to see, and in which order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

from jupyter_sdt.errors import SpecError, did_you_mean

MOST_JOBS = 10_000
SORTS = ("", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """At most ``limit`` jobs whose ``status`` is that, all when it is empty.

    ``search`` is part of the name of the job or of its study, in any case. They come newest first,
    with ``sort="cost"`` those that cost most. Raises SpecError.
    """

    limit: int = 100
    status: str = ""
    search: str = ""
    sort: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.limit, bool) or not isinstance(self.limit, int):
            raise _wrong("limit", self.limit, f"must be a whole number from 0 to {MOST_JOBS}")
        if not 0 <= self.limit <= MOST_JOBS:
            raise _wrong("limit", self.limit, f"must be from 0 to {MOST_JOBS}")
        for name in ("status", "search", "sort"):
            if not isinstance(getattr(self, name), str):
                raise _wrong(name, getattr(self, name), "must be a text")
        if self.sort not in SORTS:
            hint = did_you_mean(self.sort, SORTS[1:])
            raise _wrong("sort", self.sort, f"must be empty or 'cost'{hint}")

    @property
    def takes_all(self) -> bool:
        """Whether the newest jobs are wanted, whatever they are."""
        return not (self.status or self.search or self.sort)


NEWEST = ListQuery()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a browser asks over the socket; ``number`` is told with the answer."""

    number: int
    query: ListQuery

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        """Read ``{"number": 1, "limit": 100, ...}``. Raises SpecError for anything else."""
        try:
            given: Any = json.loads(text)
            number = given.pop("number")
            query = ListQuery(**given)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _wrong("message", text[:80], "is no question about the list") from None
        if isinstance(number, bool) or not isinstance(number, int):
            raise _wrong("number", number, "must be a whole number")
        return cls(number=number, query=query)


def _wrong(name: str, value: object, reason: str) -> SpecError:
    return SpecError(f"{name}={value!r} {reason}", argument=name)
