"""Values of a recipe: overridden, and with references such as ``${trainer.num_nodes}`` filled in.

The language is OmegaConf's, as far as HyperPod's recipes use it: references from the root, and the
functions multiply, add, divide_ceil and divide_floor.
https://omegaconf.readthedocs.io/en/latest/usage.html#variable-interpolation
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_sdt.errors import SpecError

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "multiply": lambda x, y: x * y,
    "add": lambda *numbers: sum(numbers),
    "divide_ceil": lambda x, y: math.ceil(x / y),
    "divide_floor": lambda x, y: math.floor(x / y),
}
_DEEPEST = 50


def merged(recipe: Any, overrides: Any) -> Any:
    """Return the recipe with overrides in it: mappings join, anything else is replaced."""
    if not isinstance(recipe, Mapping) or not isinstance(overrides, Mapping):
        return overrides
    both = {k: merged(recipe[k], v) if k in recipe else v for k, v in overrides.items()}
    return {**recipe, **both}


def resolved(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe without references. Raises SpecError for one that leads nowhere."""
    # Recipes of the launcher refer to themselves as part of a larger configuration.
    root = {"recipes": recipe, "training": recipe, **recipe}
    return {name: _filled(value, root, 0) for name, value in recipe.items()}


def _filled(value: Any, root: Mapping[str, Any], depth: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(inner, root, depth) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, root, depth) for inner in value]
    return _text(value, root, depth) if isinstance(value, str) else value


def _text(text: str, root: Mapping[str, Any], depth: int) -> Any:
    if depth > _DEEPEST:
        raise _wrong(text, "refers to itself")
    while match := _REFERENCE.search(text):
        found = _value(match[1].strip(), text, root, depth + 1)
        if match[0] == text:
            return found  # keeps its type
        text = text[: match.start()] + str(found) + text[match.end() :]
    return text


def _value(reference: str, text: str, root: Mapping[str, Any], depth: int) -> Any:
    function, colon, words = reference.partition(":")
    if not colon:
        return _filled(_look_up(reference, text, root), root, depth)
    if function not in _FUNCTIONS:
        raise _wrong(text, f"uses {function}, which is not known here")
    try:
        return _FUNCTIONS[function](*(_number(word) for word in words.split(",")))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise _wrong(text, f"cannot be computed: {error}") from None


def _look_up(reference: str, text: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for name in reference.split("."):
        if not isinstance(found, Mapping) or name not in found:
            raise _wrong(text, f"refers to {reference}, which is not in the recipe")
        found = found[name]
    return found


def _number(word: str) -> float:
    word = word.strip()
    return int(word) if re.fullmatch(r"-?\d+", word) else float(word)


def _wrong(text: str, reason: str) -> SpecError:
    return SpecError(
        f"training_recipe: {text!r} {reason}; give the value in recipe_overrides",
        argument="training_recipe",
    )
