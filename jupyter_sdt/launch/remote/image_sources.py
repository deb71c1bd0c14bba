"""Where the image of a job comes from: the user's own file, an installed SDK, our table.

``~/.jupyter_sdt/images.json`` (or the file that ``SDT_IMAGES`` names) is an object whose keys are
``FRAMEWORK-VERSION-KIND-PYTHON`` and whose values are URIs, in which ``{region}`` is filled in::

    {"pytorch-2.9.0-gpu-py312": "123456789012.dkr.ecr.{region}.amazonaws.com/NAME:TAG"}

For Hugging Face the key is ``huggingface-4.56.2-pytorch2.8.0-gpu-py312``. An installed SDK
is asked when it is newer than our table, which holds all that older ones know.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.image_uris import TABLE_NOTE, ImageRequest, image_uri
from jupyter_sdt.spec.framework_versions import is_older
from jupyter_sdt.spec.variables import IMAGES

# The release whose table ours was taken from.
_TABLE_VERSION = "2.258"
# Where SDK 2.x and 3.x have the function.
_MODULES = ("sagemaker.image_uris", "sagemaker.core.image_uris")


@dataclass(frozen=True, slots=True)
class Image:
    """The URI of an image, and what there is to know about where it comes from."""

    uri: str
    note: str = ""


def find_image(wanted: ImageRequest, instance_type: str) -> Image:
    """Return the image of a framework. Raises SpecError when nobody knows one."""
    if own := _own(wanted):
        return own
    if installed := _installed(wanted, instance_type):
        return installed
    return Image(image_uri(wanted), TABLE_NOTE)


def image_key(wanted: ImageRequest) -> str:
    """The name of an image in the user's own file."""
    words = (wanted.framework, wanted.version, wanted.base, wanted.kind, wanted.py_version)
    return "-".join(word for word in words if word)


def _own(wanted: ImageRequest) -> Image | None:
    path = Path(os.environ.get(IMAGES) or Path.home() / ".jupyter_sdt" / "images.json")
    try:
        known = json.loads(path.expanduser().read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SpecError(
            f"image_uri: {path} cannot be read: {error}", argument="image_uri"
        ) from None
    uri = known.get(image_key(wanted)) if isinstance(known, dict) else None
    if not isinstance(known, dict) or not isinstance(uri, str | None):
        raise SpecError(
            f"image_uri: {path} must be an object of names and URIs, such as "
            f'{{"{image_key(wanted)}": "..."}}',
            argument="image_uri",
        )
    if uri is None:
        return None
    return Image(uri.replace("{region}", wanted.region), f"the image is named by {path}")


def _installed(wanted: ImageRequest, instance_type: str) -> Image | None:
    """What a newer SDK says; None without one, and where it knows nothing or cannot be asked."""
    try:
        found = version("sagemaker")
    except PackageNotFoundError:
        return None
    if is_older(found, _TABLE_VERSION):
        return None
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        uri = _module().retrieve(
            framework=wanted.framework,
            region=wanted.region,
            version=wanted.version,
            py_version=wanted.py_version,
            instance_type=instance_type,
            image_scope="training",
            **({"base_framework_version": wanted.base} if wanted.base else {}),
        )
        return Image(str(uri), f"the image is the one that sagemaker {found} chooses")
    return None


def _module() -> Any:
    for name in _MODULES:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise ImportError("no sagemaker.image_uris")
