"""Where the YAML of a recipe comes from: a file, an address, or its name in Amazon's collection.

https://github.com/aws/sagemaker-hyperpod-recipes keeps the recipe ``training/llama/NAME`` in
``recipes_collection/recipes/training/llama/NAME.yaml``.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_sdt.errors import LaunchError, SpecError, did_you_mean
from jupyter_sdt.spec.variables import RECIPES

COLLECTION = "https://github.com/aws/sagemaker-hyperpod-recipes"
_RAW = "https://raw.githubusercontent.com/aws/sagemaker-hyperpod-recipes/main"
_FOLDER = "recipes_collection/recipes"
_SUFFIXES = (".yaml", ".yml")
_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")
_LONGEST_BYTES = 1_000_000
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """The name of a recipe's file, its text, and where that is from."""

    name: str
    text: str
    place: str


def read_recipe_file(given: str) -> RecipeFile:
    """Return the file that ``training_recipe`` names.

    Names are looked for in the checkout that ``SDT_RECIPES`` names, which may be an address too,
    else in Amazon's repository. What was fetched is kept as long as this process lives. Raises
    SpecError for what is not there, LaunchError where it cannot be fetched.
    """
    if "://" in given:
        return _fetched(given)
    if given.endswith(_SUFFIXES):
        return _read(Path(given).expanduser().absolute())
    if not _NAME.fullmatch(given):
        raise _wrong(
            f"{given!r} must be a YAML file, its address, or a name as below {_FOLDER} of "
            f"{COLLECTION}: 'training/llama/...'"
        )
    where = os.environ.get(RECIPES, "") or _RAW
    if "://" in where:
        return _fetched(f"{where.rstrip('/')}/{_FOLDER}/{given}.yaml")
    return _read(_in_checkout(given, Path(where).expanduser().absolute()))


def _in_checkout(name: str, checkout: Path) -> Path:
    folder = checkout / _FOLDER
    if not folder.is_dir():
        raise SpecError(
            f"{RECIPES}={checkout} is no checkout of {COLLECTION}: it has no {_FOLDER}",
            argument=RECIPES,
        )
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = [found.relative_to(folder).with_suffix("") for found in folder.rglob("*.yaml")]
        hint = did_you_mean(name, [one.as_posix() for one in known])
        raise _wrong(f"{name!r} is not among the {len(known)} recipes of {checkout}{hint}")
    return path


def _read(path: Path) -> RecipeFile:
    if not path.is_file():
        raise _wrong(f"{path} does not exist")
    try:
        return RecipeFile(path.name, path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"{path} cannot be read: {error}") from None


@cache
def _fetched(address: str) -> RecipeFile:
    parts = urlsplit(address)
    name = parts.path.rpartition("/")[2]
    if parts.scheme not in ("http", "https") or not name.endswith(_SUFFIXES):
        raise _wrong(f"{address!r} must be the http:// or https:// address of a YAML file")
    try:
        # Redirects of urllib lead to http, https and ftp only.
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - as above
            content = answer.read(_LONGEST_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise _wrong(
            f"{address} answers {error.code} {error.reason}; names and addresses of recipes are "
            f"listed in {COLLECTION}"
        ) from None
    except (OSError, ValueError) as error:
        raise _unreachable(address, error) from None
    if len(content) > _LONGEST_BYTES:
        raise _wrong(f"{address} is longer than {_LONGEST_BYTES:,} bytes, which no recipe is")
    return RecipeFile(name, _decoded(content, address), address)


def _decoded(content: bytes, address: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _wrong(f"{address} cannot be read: {error}") from None


def _unreachable(address: str, error: Exception) -> LaunchError:
    reason = getattr(error, "reason", None) or error
    return LaunchError(
        f"training_recipe: {address} cannot be fetched: {reason}; without the internet give the "
        f"path of the YAML file, or name a checkout of {COLLECTION} with {RECIPES}"
    )


def _wrong(reason: str) -> SpecError:
    return SpecError(f"training_recipe: {reason}", argument="training_recipe")
