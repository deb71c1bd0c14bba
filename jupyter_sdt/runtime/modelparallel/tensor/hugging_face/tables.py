"""Which parameter of Hugging Face's models is which of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.rules import Rule, Table

_LAYER = "seq_layers.{n}."
_ATTENTION, _OUTPUT = f"{_LAYER}attention.", f"{_LAYER}output."
_CROSS = f"{_LAYER}cross_attention."
_QKV = tuple(f"{_ATTENTION}{name}" for name in ("query", "key", "value"))
_MASKS = tuple(
    f".{layer}.{name}"
    for layer in ("attn", "attention", "crossattention")
    for name in ("bias", "masked_bias")
)
_CONSTANTS = (*_MASKS, ".rotary_emb.inv_freq", ".embed_positions")
# Modules of a language model around its layers.
_EMBEDDED = {"word_embedding", "position_embedding", "layernorm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of models: the attribute that holds the ``base`` model, its modules and head.

    ``modules`` maps theirs to ours; those of three in one carry a rule of their own.
    """

    base: str
    modules: Mapping[str, str | tuple[str, ...]]
    transposed: tuple[str, ...] = ()
    by_head: tuple[str, ...] = ()
    heads: tuple[str, ...] = ("lm_head",)
    anchor: str = ""

    def base_table(self) -> Table:
        """Of the base model."""
        rules = tuple(self._rule(theirs, ours) for theirs, ours in self.modules.items())
        ours = f"transformer.{_QKV[0]}.weight".format(n=0)
        return Table(rules=rules, anchors=(self.anchor, ours), dropped=_CONSTANTS)

    def language_table(self, head: str | None = None) -> Table:
        """Of the model with a head; ``head`` is its name, of several that were in use."""
        table = self.base_table()
        below = [replace(rule, theirs=f"{self.base}.{rule.theirs}") for rule in table.rules]
        top = Rule(theirs=head or self.heads[0], ours=("lm_head",))
        anchors = (f"{self.base}.{self.anchor}", table.anchors[1])
        return replace(table, rules=(*below, top), anchors=anchors)

    def _rule(self, theirs: str, ours: str | tuple[str, ...]) -> Rule:
        names = (ours,) if isinstance(ours, str) else ours
        inside = (n if n in _EMBEDDED else f"transformer.{n}" for n in names)
        return Rule(
            theirs=theirs,
            ours=tuple(inside),
            transposed=theirs in self.transposed,
            by_head=theirs in self.by_head,
        )


_GPT = {"wte": "word_embedding", "wpe": "position_embedding", "ln_f": "layernorm"}
_BEFORE = {
    "h.{n}.ln_1": f"{_ATTENTION}pre_layernorm",
    "h.{n}.ln_2": f"{_OUTPUT}pre_layernorm",
}

GPT2 = Family(
    base="transformer",
    modules={
        **_GPT,
        **_BEFORE,
        "h.{n}.attn.c_attn": _QKV,
        "h.{n}.attn.c_proj": f"{_ATTENTION}dense",
        "h.{n}.mlp.c_fc": f"{_OUTPUT}dense1",
        "h.{n}.mlp.c_proj": f"{_OUTPUT}dense2",
        "h.{n}.ln_cross_attn": f"{_CROSS}pre_layernorm",
        "h.{n}.crossattention.q_attn": f"{_CROSS}query",
        "h.{n}.crossattention.c_attn": (f"{_CROSS}key", f"{_CROSS}value"),
        "h.{n}.crossattention.c_proj": f"{_CROSS}dense",
    },
    transposed=(
        *("h.{n}.attn.c_attn", "h.{n}.attn.c_proj", "h.{n}.mlp.c_fc", "h.{n}.mlp.c_proj"),
        *(f"h.{{n}}.crossattention.{name}" for name in ("q_attn", "c_attn", "c_proj")),
    ),
    anchor="h.0.attn.c_attn.weight",
)
GPT_NEO = Family(
    base="transformer",
    modules={
        **_GPT,
        **_BEFORE,
        "h.{n}.attn.attention.q_proj": _QKV[0],
        "h.{n}.attn.attention.k_proj": _QKV[1],
        "h.{n}.attn.attention.v_proj": _QKV[2],
        "h.{n}.attn.attention.out_proj": f"{_ATTENTION}dense",
        "h.{n}.mlp.c_fc": f"{_OUTPUT}dense1",
        "h.{n}.mlp.c_proj": f"{_OUTPUT}dense2",
    },
    anchor="h.0.attn.attention.q_proj.weight",
)
GPTJ = Family(
    base="transformer",
    modules={
        **_GPT,
        "h.{n}.ln_1": f"{_LAYER}pre_layernorm",
        "h.{n}.attn.q_proj": _QKV[0],
        "h.{n}.attn.k_proj": _QKV[1],
        "h.{n}.attn.v_proj": _QKV[2],
        "h.{n}.attn.out_proj": f"{_ATTENTION}dense",
        "h.{n}.mlp.fc_in": f"{_OUTPUT}dense1",
        "h.{n}.mlp.fc_out": f"{_OUTPUT}dense2",
    },
    anchor="h.0.attn.q_proj.weight",
)
GPT_NEOX = Family(
    base="gpt_neox",
    modules={
        "embed_in": "word_embedding",
        "final_layer_norm": "layernorm",
        "layers.{n}.input_layernorm": f"{_ATTENTION}pre_layernorm",
        "layers.{n}.attention.query_key_value": _QKV,
        "layers.{n}.attention.dense": f"{_ATTENTION}dense",
        "layers.{n}.post_attention_layernorm": f"{_OUTPUT}pre_layernorm",
        "layers.{n}.mlp.dense_h_to_4h": f"{_OUTPUT}dense1",
        "layers.{n}.mlp.dense_4h_to_h": f"{_OUTPUT}dense2",
    },
    by_head=("layers.{n}.attention.query_key_value",),
    heads=("embed_out", "lm_head"),
    anchor="layers.0.attention.query_key_value.weight",
)
# BERT and RoBERTa: the encoder alone; embeddings and heads stay theirs.
_ENCODER = {
    **{
        f"layer.{{n}}.{theirs}.{name}": f"{ours}{name.rpartition('.')[2].lower()}"
        for theirs, ours in (("attention", _ATTENTION), ("crossattention", _CROSS))
        for name in ("self.query", "self.key", "self.value", "output.dense", "output.LayerNorm")
    },
    "layer.{n}.intermediate.dense": f"{_OUTPUT}dense1",
    "layer.{n}.output.dense": f"{_OUTPUT}dense2",
    "layer.{n}.output.LayerNorm": f"{_OUTPUT}layernorm",
}
ENCODER = Table(
    rules=tuple(Rule(theirs=theirs, ours=(ours,)) for theirs, ours in _ENCODER.items()),
    anchors=("layer.0.attention.self.query.weight", "seq_layers.0.attention.query.weight"),
)
