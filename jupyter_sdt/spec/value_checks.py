"""Small checks of one value, each with the words for what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

# A predicate, and how a message goes on after "must be".
Check = tuple[Callable[[object], bool], str]


def integer_from(least: int, most: int | None = None) -> Check:
    """A whole number in a closed range; True and False are no numbers."""

    def check(value: object) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return least <= value and (most is None or value <= most)

    until = f"from {least} to {most}" if most is not None else f"of at least {least}"
    return check, "a positive integer" if (least, most) == (1, None) else f"an integer {until}"


def number_from(least: float, most: float | None = None) -> Check:
    """A number in a closed range; NaN is in none."""

    def check(value: object) -> bool:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        return least <= value and (most is None or value <= most)

    until = f"of at least {least}" if most is None else f"between {least} and {most}"
    return check, f"a number {until}"


def one_of(*words: str) -> Check:
    """One of a few words."""
    return (lambda value: value in words), f"one of {', '.join(map(repr, words))}"


def _positive(value: object) -> bool:
    return number_from(0)[0](value) and value != 0


def _texts(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return all(isinstance(item, str) for item in value)


POSITIVE: Check = (_positive, "a number above 0")
BOOLEAN: Check = (lambda value: isinstance(value, bool), "True or False")
TEXT: Check = (lambda value: isinstance(value, str), "a str")
TEXTS: Check = (_texts, "a list of str")
DICTIONARY: Check = (lambda value: isinstance(value, Mapping), "a dict")
ANYTHING: Check = (lambda _value: True, "anything")
