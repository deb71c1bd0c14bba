"""The AWS Price List of a rehearsed account: GetProducts, with the prices that are known here.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.launch.remote.prices import price_table

_SERVICE = "AmazonSageMaker"
_MOST = 100
# What the real list calls on-demand terms and their one rate.
_TERM, _RATE = "JRTCKXETXF", "6YS6EN2CT7"


@dataclass(frozen=True)
class PriceList:
    """Prices of training: ``prices`` in USD an hour by type in ``region``, then our table's."""

    prices: Mapping[str, float]
    region: str

    def get_products(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """GetProducts: a page of products in the form of the real list."""
        wanted = {one["Field"]: one["Value"] for one in request.get("Filters", ())}
        found = list(self._products(wanted)) if request.get("ServiceCode") == _SERVICE else []
        first = int(request.get("NextToken") or 0)
        last = first + int(request.get("MaxResults") or _MOST)
        page = {"FormatVersion": "aws_v1", "PriceList": list(map(json.dumps, found[first:last]))}
        return {**page, "NextToken": str(last)} if last < len(found) else page

    def _products(self, wanted: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        table = {name: dict(known) for name, known in price_table()["usd_an_hour"].items()}
        table.setdefault(self.region, {}).update(self.prices)
        for region, prices in table.items():
            for kind, price in prices.items():
                product = _product(kind, region, price)
                told = product["product"]["attributes"]
                if all(told.get(name) == value for name, value in wanted.items()):
                    yield product


def _product(kind: str, region: str, price: float) -> dict[str, Any]:
    sku = hashlib.sha256(f"{region}{kind}".encode()).hexdigest()[:16].upper()
    published = f"{price_table()['as_of']}-01T00:00:00Z"
    rate = {
        "unit": "Hrs",
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${price} per hour of {kind} for training",
        "appliesTo": [],
        "rateCode": f"{sku}.{_TERM}.{_RATE}",
        "pricePerUnit": {"USD": f"{price:.10f}"},
    }
    term = {
        "sku": sku,
        "offerTermCode": _TERM,
        "effectiveDate": published,
        "termAttributes": {},
        "priceDimensions": {rate["rateCode"]: rate},
    }
    attributes = {
        "servicecode": _SERVICE,
        "component": "Training",
        "instanceName": kind,
        "instanceType": f"{kind}-Training",
        "locationType": "AWS Region",
        "regionCode": region,
        "usagetype": f"{_region_code(region)}-Train:{kind}",
        "operation": "RunInstance",
    }
    return {
        "product": {"productFamily": "ML Instance", "sku": sku, "attributes": attributes},
        "serviceCode": _SERVICE,
        "terms": {"OnDemand": {f"{sku}.{_TERM}": term}},
        "publicationDate": published,
    }


def _region_code(region: str) -> str:
    """``us-east-1`` as bills write it: USE1."""
    area, place, number = region.rsplit("-", 2)
    return f"{area.replace('-', '')[:2]}{place[0]}{number}".upper()
