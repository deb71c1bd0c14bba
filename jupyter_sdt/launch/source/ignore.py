"""Patterns of ``.sdtignore``, in the language of ``.gitignore``.

https://git-scm.com/docs/gitignore#_pattern_format, without named classes (``[[:alpha:]]``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_sdt.errors import SpecError

_TOKEN = re.compile(
    r"(?P<any_folders>(?:^|(?<=/))\*\*/)"
    r"|(?P<all_below>(?<=/)\*\*$)"
    r"|(?P<star>\*+)"
    r"|(?P<one>\?)"
    r"|\[(?P<negated>[!^]?)(?P<members>\]?[^\]]*)\]"
    r"|\\(?P<escaped>.)"
    r"|(?P<text>.)"
)
_FIXED = {"any_folders": "(?:.*/)?", "all_below": ".+", "star": "[^/]*", "one": "[^/]"}


@dataclass(frozen=True, slots=True)
class _Rule:
    regex: re.Pattern[str]
    ignores: bool
    folders_only: bool

    def matches(self, name: str) -> bool:
        is_folder = name.endswith("/")
        return (is_folder or not self.folders_only) and bool(self.regex.fullmatch(name.rstrip("/")))


@dataclass(frozen=True, slots=True)
class IgnorePatterns:
    """The rules of one file, in order; the last one that matches counts."""

    rules: tuple[_Rule, ...] = ()

    @classmethod
    def parse(cls, lines: Iterable[str]) -> IgnorePatterns:
        """Read the lines of a file. Raises SpecError naming a line that is no pattern."""
        rules = (_rule(number, line) for number, line in enumerate(lines, 1))
        return cls(tuple(rule for rule in rules if rule is not None))

    def ignores(self, name: str) -> bool:
        """Whether ``name`` (relative, a folder's with "/" at its end) is ignored by itself.

        What lies in an ignored folder is not asked for: nobody looks into such a folder.
        """
        return bool(self.decision(name))

    def decision(self, name: str) -> bool | None:
        """Like :meth:`ignores`; None where no rule speaks of ``name``."""
        matching = (rule.ignores for rule in reversed(self.rules) if rule.matches(name))
        return next(matching, None)


def _rule(number: int, line: str) -> _Rule | None:
    text = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
    if not text or text.startswith("#"):
        return None
    pattern = text.removeprefix("!")
    body = pattern.rstrip("/")
    # A slash anywhere but at the end ties the pattern to the folder of the file.
    anchored = "/" in body
    try:
        regex = re.compile(("" if anchored else "(?:.*/)?") + _translate(body.lstrip("/")))
    except re.error as error:
        raise SpecError(
            f".sdtignore, line {number}: {text!r} is no pattern: {error}", argument="source_dir"
        ) from None
    return _Rule(regex, ignores=pattern == text, folders_only=pattern.endswith("/"))


def _translate(pattern: str) -> str:
    return _TOKEN.sub(_regex_of, pattern)


def _regex_of(token: re.Match[str]) -> str:
    kind = token.lastgroup or ""
    if kind == "members":
        members = token["members"].replace("[", r"\[")
        return f"(?!/)[{'^' if token['negated'] else ''}{members}]"
    return _FIXED.get(kind) or re.escape(token[kind])
