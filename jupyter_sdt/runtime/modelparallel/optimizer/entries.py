"""The parameters an optimizer was made with: their numbers, names, groups; which lie here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from jupyter_sdt.errors import SpecError


def plain_optimizer(optimizer: Any) -> torch.optim.Optimizer:
    """Return ``optimizer``. Raises SpecError unless it is one of torch that nobody has wrapped."""
    if isinstance(optimizer, torch.optim.Optimizer) and not hasattr(optimizer, "fp16_groups"):
        return optimizer
    raise SpecError(
        f"optimizer={optimizer!r} must be a torch.optim.Optimizer that is not wrapped yet",
        argument="optimizer",
    )


def names_in_model(model: Any) -> dict[torch.Tensor, str]:
    """The parameters of ``model``, if there is one, with their names."""
    if model is None:
        return {}
    return {parameter: name for name, parameter in model.named_parameters()}


@dataclass(slots=True)
class Entry:
    """One parameter: ``number`` counts over all groups, as in torch's ``state_dict()``.

    ``local`` is False once another rank has it.
    """

    number: int
    group: int
    name: str
    parameter: torch.Tensor
    local: bool = True


class Entries:
    """All parameters of ``optimizer``, those of other ranks too.

    They are counted as one process with the whole model would, so that a whole ``state_dict()``
    fits any partition. ``names`` are those of the model.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, names: Mapping[torch.Tensor, str]) -> None:
        self._optimizer = optimizer
        self._entries: list[Entry] = []
        self.extend(names)

    def extend(self, names: Mapping[torch.Tensor, str]) -> None:
        """Take in the groups that were added since."""
        known = {entry.group for entry in self._entries}
        for number, group in enumerate(self._optimizer.param_groups):
            for parameter in group["params"] if number not in known else ():
                count = len(self._entries)
                name = names.get(parameter, f"parameter_{count}")
                self._entries.append(Entry(count, number, name, parameter))

    def keep(self, local: Mapping[str, torch.Tensor], known: Mapping[torch.Tensor, str]) -> None:
        """Keep the parameters in ``local``, by name; those ``known`` to no model stay, too."""
        unknown = {e.name for e in self._entries} - set(known.values())
        for entry in self._entries:
            entry.local = entry.name in local or entry.name in unknown
            entry.parameter = local.get(entry.name, entry.parameter)

    def leave_local(self) -> None:
        """Take everything else out of the optimizer, in place: LBFGS keeps the list."""
        for group, entries in zip(self._optimizer.param_groups, self.groups(), strict=True):
            local = [entry.parameter for entry in entries]
            for parameter in set(group["params"]) - set(local):
                self._optimizer.state.pop(parameter, None)
            group["params"][:] = local

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def groups(self) -> list[list[Entry]]:
        """The local entries of each group."""
        found: list[list[Entry]] = [[] for _ in self._optimizer.param_groups]
        for entry in self._entries:
            if entry.local:
                found[entry.group].append(entry)
        return found

    def numbered_groups(self) -> list[dict[str, Any]]:
        """Settings of all groups, with the numbers of their parameters, local or not."""
        return [
            {key: value for key, value in group.items() if key not in {"params", "param_names"}}
            | {"params": [e.number for e in self._entries if e.group == number]}
            for number, group in enumerate(self._optimizer.param_groups)
        ]

    def set_groups(self, groups: list[dict[str, Any]]) -> None:
        """Take over settings that :meth:`numbered_groups` gave.

        Raises SpecError unless ``groups`` have as many parameters as these.
        """
        mine, theirs = [
            [len(group["params"]) for group in given] for given in (self.numbered_groups(), groups)
        ]
        if mine != theirs:
            raise SpecError(
                f"the optimizer's state has groups of {theirs} parameters, this optimizer has "
                f"{mine}: make it from the same model with the same groups",
                argument="state_dict",
            )
        for group, given in zip(self._optimizer.param_groups, groups, strict=True):
            group.update({k: v for k, v in given.items() if k not in {"params", "param_names"}})
