"""Whole states, outside of a job: Hugging Face's names to those of ``smp.nn``, and back.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-parallel-extended-features-pytorch-hugging-face.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face import tables
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.rules import Table, prefixes

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translator:
    """Both ways for one ``family``, or for encoders. ``classes``: configuration and model.

    A state may be that of a bigger model; what it holds beside is passed on.
    """

    family: tables.Family | None = None
    classes: tuple[str, str] = ("", "")

    def from_theirs(
        self, state_dict: State, max_seq_len: int | None = None, num_attention_heads: int = 0
    ) -> dict[str, Any]:
        """The state of a model of ``smp.nn``. ``max_seq_len`` is not needed.

        Where queries, keys and values of each head lie together (GPT-NeoX) the number of heads is
        needed: by default that of the model that was wrapped last. Raises SpecError without one.
        """
        del max_seq_len
        found = dict(state_dict)
        for make in self._tables():
            for prefix in prefixes(found, make("").anchors[0]):
                table = make(_head_in(found, prefix, self.family))
                found = table.from_theirs(found, prefix, num_attention_heads or _heads())
        return found

    def to_theirs(
        self,
        state_dict: State,
        max_seq_len: int | None = None,
        num_attention_heads: int = 0,
    ) -> dict[str, Any]:
        """The state of Hugging Face's model, as the installed transformers names it.

        With ``max_seq_len`` also the masks that older versions keep in it. Raises SpecError as
        :meth:`from_theirs` does.
        """
        found = dict(state_dict)
        for prefix in prefixes(state_dict, self._tables()[0]("").anchors[1]):
            base = self.family is not None and prefix.endswith(f"{self.family.base}.")
            table = self._tables()[-1 if base else 0](self._installed_head())
            found = table.to_theirs(found, prefix, num_attention_heads or _heads())
            found |= self._constants(table, found, prefix, max_seq_len)
        return found

    def _tables(self) -> list[Callable[[str], Table]]:
        family = self.family
        if family is None:
            return [lambda _: tables.ENCODER]
        return [lambda head: family.language_table(head or None), lambda _: family.base_table()]

    def _installed_head(self) -> str:
        if self.family is None or len(self.family.heads) == 1:
            return ""
        return _head_in(_small_state(self.classes, 1), "", self.family)

    def _constants(
        self, table: Table, state: State, prefix: str, max_seq_len: int | None
    ) -> dict[str, Any]:
        if max_seq_len is None or not table.dropped:
            return {}
        of_layer = table.anchors[0].partition(".0.")[2]
        small = _small_state(self.classes, max_seq_len)
        layers, pattern = (len(prefixes(s, of_layer)) for s in (state, small))
        return {
            f"{prefix}{name.replace(f'.{number % pattern}.', f'.{number}.', 1)}": value
            for name, value in small.items()
            if name.endswith(table.dropped) and "rotary" not in name  # of the real head's size
            for number in range(layers)
            if f".{number % pattern}." in name
        }


def _head_in(state: State, prefix: str, family: tables.Family | None) -> str:
    names = family.heads if family else ()
    return next((name for name in names if f"{prefix}{name}.weight" in state), "")


def _heads() -> int | None:
    return script.module_manager.num_attention_heads


def _small_state(classes: tuple[str, str], positions: int) -> dict[str, torch.Tensor]:
    """The state of the smallest model of transformers, if the script has imported it."""
    theirs: Any = sys.modules.get("transformers")
    if theirs is None:
        return {}
    sizes = {"hidden_size": 2, "intermediate_size": 2, "rotary_dim": 2}
    words = {"vocab_size": 3, "bos_token_id": 0, "eos_token_id": 1}
    more: dict[str, Any] = {"num_hidden_layers": 1, "num_attention_heads": 1}
    if classes[0] == "GPTNeoConfig":
        # Published models have such pairs of layers, and the window that is the default.
        more = {"num_layers": 2, "num_heads": 1, "attention_types": [[["global", "local"], 1]]}
    config = getattr(theirs, classes[0])(
        max_position_embeddings=positions, **sizes, **words, **more
    )
    with torch.random.fork_rng(devices=[]):
        return dict(getattr(theirs, classes[1])(config).state_dict())


GPT2 = Translator(family=tables.GPT2, classes=("GPT2Config", "GPT2LMHeadModel"))
GPTJ = Translator(family=tables.GPTJ, classes=("GPTJConfig", "GPTJForCausalLM"))
GPT_NEO = Translator(family=tables.GPT_NEO, classes=("GPTNeoConfig", "GPTNeoForCausalLM"))
GPT_NEOX = Translator(family=tables.GPT_NEOX, classes=("GPTNeoXConfig", "GPTNeoXForCausalLM"))
ENCODER = Translator()
