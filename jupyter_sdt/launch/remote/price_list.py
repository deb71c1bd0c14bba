"""Prices from the AWS Price List API, where the credentials allow it; never required.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_sdt.launch.remote.prices import Price, find_price
from jupyter_sdt.launch.remote.service import Service

# USE1-Train:ml.m5.xlarge; hosting, notebooks and spot have words of their own.
_TRAINING = re.compile(r"(?:^|-)Train:ml\.")
_HOURS = ("hrs", "hours", "hour")


def best_price(service: Service) -> Callable[[str, str], Price | None]:
    """Return a way to find prices: the service is asked only where nobody else knows exactly."""

    def look(instance_type: str, region: str) -> Price | None:
        known = find_price(instance_type, region)
        exact = known is not None and known.exact
        return known if exact else ask_price(service, instance_type) or known

    return look


def ask_price(service: Service, instance_type: str) -> Price | None:
    """Return the price that the service tells; None when it cannot or may not be asked."""
    try:
        return listed_price(_products(service, instance_type), service.region)
    except Exception:  # noqa: BLE001 - a price is never worth a failure
        return None


def listed_price(products: Iterable[str | Mapping[str, Any]], region: str) -> Price | None:
    """Return the on-demand price of training among the products of GetProducts, or None.

    ``products`` are the texts of ``PriceList`` for one instance type and region.
    """
    for product in products:
        told = json.loads(product) if isinstance(product, str) else product
        if not _is_training(told.get("product", {}).get("attributes", {})):
            continue
        for price in _hourly_prices(told):
            date = str(told.get("publicationDate", ""))[:10]
            published = f", published {date}" if date else ""
            return Price(price, f"AWS Price List for {region}{published}")
    return None


def _products(service: Service, instance_type: str) -> Iterator[str]:
    wanted = {"regionCode": service.region, "instanceName": instance_type}
    filters = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in wanted.items()]
    # The list of all regions is served from this one.
    client = replace(service, patient=False).client("pricing", "us-east-1")
    pages = client.get_paginator("get_products")
    for page in pages.paginate(ServiceCode="AmazonSageMaker", Filters=filters):
        yield from page["PriceList"]


def _is_training(attributes: Mapping[str, Any]) -> bool:
    usage = str(attributes.get("usagetype", ""))
    return bool(_TRAINING.search(usage)) if usage else attributes.get("component") == "Training"


def _hourly_prices(product: Mapping[str, Any]) -> Iterator[float]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            hourly = str(dimension.get("unit", "")).lower() in _HOURS
            price = float(dimension.get("pricePerUnit", {}).get("USD", 0))
            if hourly and price > 0:
                yield price
