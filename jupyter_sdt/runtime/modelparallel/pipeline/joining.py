"""Calls that are one graph on their stage, as one computes with what the other returned.

A loss is computed where the model's output lies. Its gradient goes nowhere but back into the model,
so autograd goes through both at once, instead of ending at the loss and beginning anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Backward,
    Call,
    Key,
    Push,
    Request,
)


def joined(requests: Sequence[Request]) -> frozenset[Key]:
    """Gradients of arguments that are all that the call before needs to go back.

    ``requests`` are those of one burst, which goes back through both calls.
    """
    calls = {request.frame: request for request in requests if isinstance(request, Call)}
    backwards = {request.frame: request for request in requests if isinstance(request, Backward)}
    pushed = {request.key for request in requests if isinstance(request, Push)}
    found = set()
    for frame, backward in backwards.items():
        (index, key), *others = backward.gradients or ((-1, (-1, "gradient", -1)),)
        call, after = calls.get(key[0]), backwards.get(key[0])
        if call is None or after is None or others or key[1] != "gradient":
            continue
        stays = key not in pushed and key[2] not in after.wanted
        if stays and call.arguments[key[2]] == ((frame, "output", index), True):
            found.add(key)
    return frozenset(found)
