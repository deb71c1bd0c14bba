"""The classes of Hugging Face's models that ``smp.nn`` takes the place of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face import arguments, tables
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.models import Encoder, LanguageModel
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.rules import Table

Read = Callable[[Any], arguments.Arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One class: how its configuration is ``read``, and the ``family`` of its names.

    ``head``: whether it tells the next word. Without a family it is an encoder.
    """

    read: Read
    family: tables.Family | None = None
    head: bool = False

    def make(self, module: Any, options: dict[str, Any]) -> nn.Module:
        """A new module for ``module``, with ``options`` over those of its configuration.

        Raises SpecError for what cannot be expressed.
        """
        asked = self.read(module.config) | options
        if self.family is None:
            asked.pop("distribute_embedding", None)
            return Encoder(module, **asked)
        return LanguageModel(module, add_lm_head=self.head, **asked)

    def table(self, module: nn.Module) -> Table:
        """Which parameter of ``module`` is which of what takes its place."""
        if self.family is None:
            return tables.ENCODER
        if not self.head:
            return self.family.base_table()
        there = [name for name in self.family.heads if hasattr(module, name)]
        return self.family.language_table(there[0])


def kind_of(module: nn.Module) -> Kind | None:
    """What exactly this class of transformers is; None for all others."""
    known = type(module)
    theirs = known.__module__.startswith("transformers.models.")
    return _KINDS.get(known.__name__) if theirs else None


def _family(family: tables.Family, read: Read, names: tuple[str, str]) -> dict[str, Kind]:
    base, language = names
    return {
        base: Kind(read=read, family=family),
        language: Kind(read=read, family=family, head=True),
    }


_KINDS = {
    **_family(tables.GPT2, arguments.gpt2, ("GPT2Model", "GPT2LMHeadModel")),
    **_family(tables.GPTJ, arguments.gptj, ("GPTJModel", "GPTJForCausalLM")),
    **_family(tables.GPT_NEO, arguments.gpt_neo, ("GPTNeoModel", "GPTNeoForCausalLM")),
    **_family(tables.GPT_NEOX, arguments.gpt_neox, ("GPTNeoXModel", "GPTNeoXForCausalLM")),
    "BertEncoder": Kind(read=arguments.bert),
    "RobertaEncoder": Kind(read=arguments.bert),
}
