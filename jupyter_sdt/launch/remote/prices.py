"""Prices of ``ml.*`` instances: the user's own file first, then a small dated table.

The table holds SageMaker's on-demand prices of training in us-east-1 as its page listed them, and
only those that are certain: https://aws.amazon.com/sagemaker/ai/pricing/
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.variables import PRICES

_TABLE = Path(__file__).with_name("prices.json")
_HOME_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Price:
    """USD an hour of one instance, and where that is from.

    ``exact`` is False for a price of another region, which is only near.
    """

    hourly: float
    source: str
    exact: bool = True


def find_price(instance_type: str, region: str) -> Price | None:
    """Return the price of an instance type; nothing is called.

    None when it is unknown. Raises SpecError for a prices file of the user that cannot be read.
    """
    return own_price(instance_type, region) or table_price(instance_type, region)


def own_price(instance_type: str, region: str) -> Price | None:
    """Return the price in the user's file: ``{"ml.g5.xlarge": 1.2, "eu-west-1": {...}}``."""
    path = prices_file()
    own = _read_own(path)
    given = own.get(region, {}).get(instance_type, own.get(instance_type))
    return None if given is None else Price(float(given), f"price of {path}")


def table_price(instance_type: str, region: str) -> Price | None:
    """Return the price in the table that ships with this package."""
    table = price_table()
    listed = table["usd_an_hour"]
    told = f"on-demand price as listed in {table['as_of']}, {table['page']}"
    if instance_type in listed.get(region, {}):
        return Price(listed[region][instance_type], told)
    if instance_type not in listed[_HOME_REGION]:
        return None
    near = f"{_HOME_REGION}'s {told}; {region}'s differs"
    return Price(listed[_HOME_REGION][instance_type], near, exact=False)


def unknown_price(instance_type: str) -> str:
    """What to say about an instance type without a price."""
    return f"put {instance_type} into {prices_file()}, USD an hour; see {price_table()['page']}"


def prices_file() -> Path:
    """The user's file: ``SDT_PRICES``, or ``~/.jupyter_sdt/prices.json``."""
    given = os.environ.get(PRICES)
    return Path(given).expanduser() if given else Path.home() / ".jupyter_sdt" / "prices.json"


@cache
def price_table() -> dict[str, Any]:
    """The table: ``as_of`` (year and month), ``page``, and ``usd_an_hour`` by region and type."""
    table: dict[str, Any] = json.loads(_TABLE.read_text())
    return table


def _read_own(path: Path) -> dict[str, Any]:
    try:
        own = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(own, dict):
        raise _damaged(path, f"it holds a {type(own).__name__}")
    for name, value in own.items():
        for kind, price in value.items() if isinstance(value, Mapping) else [(name, value)]:
            if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
                raise _damaged(path, f"{kind!r} is {price!r}")
    return own


def _damaged(path: Path, reason: str) -> SpecError:
    return SpecError(
        f'{path} must hold USD an hour, such as {{"ml.g5.xlarge": 1.408, "eu-west-1": {{...}}}}: '
        f"{reason}",
        argument=PRICES,
    )
