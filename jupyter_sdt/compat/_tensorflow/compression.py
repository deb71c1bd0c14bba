"""What travels instead of a tensor of TensorFlow: ``Compression.none`` and ``Compression.fp16``."""

from __future__ import annotations

from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf


class NoneCompressor:
    """Leaves tensors as they are."""

    @staticmethod
    def compress(tensor: Any) -> tuple[Any, Any]:
        """Return what is to travel, and what ``decompress`` needs to know."""
        return tensor, None

    @staticmethod
    def decompress(tensor: Any, ctx: Any) -> Any:  # noqa: ARG004 - the interface
        """Return the tensor in its original form."""
        return tensor


class FP16Compressor:
    """Halves the bytes of floating-point tensors."""

    @staticmethod
    def compress(tensor: Any) -> tuple[Any, Any]:
        """Return ``tensor`` in half precision, and its own type."""
        return (tf.cast(tensor, tf.float16), tensor.dtype) if _wide(tensor) else (tensor, None)

    @staticmethod
    def decompress(tensor: Any, ctx: Any) -> Any:
        """Return ``tensor`` in its own type."""
        return tensor if ctx is None else tf.cast(tensor, ctx)


class Compression:
    """The compressors there are."""

    none = NoneCompressor
    fp16 = FP16Compressor


def _wide(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating) and tensor.dtype.size > tf.float16.size
