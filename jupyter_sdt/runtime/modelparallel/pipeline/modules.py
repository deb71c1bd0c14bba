"""What of a model can be called by number, the same on all stages, and what is known of results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from jupyter_sdt.runtime.modelparallel.pipeline.functions import (
    Function,
    FunctionModule,
    functions,
)
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Result

_KEPT_FORMS = 4096


@dataclass(slots=True)
class Modules:
    """The model's modules by number, the same on all stages, and the forms of their results."""

    modules: list[nn.Module]
    names: list[str]
    numbers: dict[nn.Module, int]
    forms: dict[Any, Result] = field(default_factory=dict)
    unsteady: set[int] = field(default_factory=set)
    needed: dict[Any, list[int]] = field(default_factory=dict)
    functions: dict[Function, int] = field(default_factory=dict)

    @classmethod
    def of(cls, model: nn.Module) -> Modules:
        """All modules of ``model``, itself included."""
        named = dict(model.named_modules())
        modules = list(named.values())
        return cls(modules, list(named), {module: i for i, module in enumerate(modules)})

    def add(self, module: nn.Module, name: str) -> int:
        """Give another module a number."""
        self.modules.append(module)
        self.names.append(name)
        self.numbers[module] = len(self.modules) - 1
        return self.numbers[module]

    def add_functions(self) -> None:
        """Give each function a number that other stages may compute."""
        for name, function in functions():
            self.functions[function] = self.add(FunctionModule(function), name)

    def learn(self, signature: Any, result: Result) -> None:
        """Remember what comes back for such arguments, if that can be relied on."""
        if result.steady and signature[0] not in self.unsteady and signature not in self.forms:
            if len(self.forms) >= _KEPT_FORMS:
                self.forms.clear()
                self.needed.clear()
            self.forms[signature] = result

    def unlearn(self, numbers: Iterable[int]) -> None:
        """Always wait for the results of these modules from now on."""
        self.unsteady.update(numbers)
        for signature in [known for known in self.forms if known[0] in self.unsteady]:
            del self.forms[signature]
