"""Configurations of Hugging Face's models as arguments of ``smp.nn``.

Names of settings are those of transformers 4.26 to 5; what cannot be expressed raises SpecError,
and the model is then left as it is.
"""

from __future__ import annotations

from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.tensor.rotary import Rotary

Arguments = dict[str, Any]


def gpt2(config: Any) -> Arguments:
    """Of a GPT2Config."""
    return _decoder(config, activation=config.activation_function) | {
        "num_positions": config.max_position_embeddings,
        "add_cross_attention": bool(getattr(config, "add_cross_attention", False)),
        "attention_dropout_prob": config.attn_pdrop,
        "hidden_dropout_prob": config.resid_pdrop,
        "embedding_dropout_prob": config.embd_pdrop,
        "intermediate_size": config.n_inner or 4 * config.hidden_size,
        "layernorm_epsilon": config.layer_norm_epsilon,
        "scale_attention_scores": getattr(config, "scale_attn_weights", True),
        "scale_attn_by_layer_idx": getattr(config, "scale_attn_by_inverse_layer_idx", False),
        "attention_in_fp32": getattr(config, "reorder_and_upcast_attn", False),
    }


def gptj(config: Any) -> Arguments:
    """Of a GPTJConfig."""
    if config.rotary_dim is None:
        raise SpecError("rotary_dim=None: give the number of features", argument="rotary_dim")
    return _decoder(config, activation=config.activation_function) | {
        "num_positions": 0,
        "rotary": Rotary(size=config.rotary_dim, neighbours=True),
        "attention_dropout_prob": config.attn_pdrop,
        "hidden_dropout_prob": config.resid_pdrop,
        "embedding_dropout_prob": config.embd_pdrop,
        "intermediate_size": config.n_inner or 4 * config.hidden_size,
        "layernorm_epsilon": config.layer_norm_epsilon,
        "attention_in_fp32": True,
        "qkv_bias": False,
        "dense_bias": False,
        "shared_layernorm": True,
        "lm_head_bias": True,
    }


def gpt_neo(config: Any) -> Arguments:
    """Of a GPTNeoConfig."""
    windows = {"global": None, "local": config.window_size}
    return _decoder(config, activation=config.activation_function) | {
        "num_positions": config.max_position_embeddings,
        "window_sizes": [windows[kind] for kind in config.attention_layers],
        "attention_dropout_prob": float(config.attention_dropout),
        "hidden_dropout_prob": float(config.resid_dropout),
        "embedding_dropout_prob": float(config.embed_dropout),
        "intermediate_size": config.intermediate_size or 4 * config.hidden_size,
        "layernorm_epsilon": config.layer_norm_epsilon,
        "attention_in_fp32": True,
        "scale_attention_scores": False,
        "qkv_bias": False,
    }


def gpt_neox(config: Any) -> Arguments:
    """Of a GPTNeoXConfig."""
    bias = getattr(config, "attention_bias", True)
    dropout = getattr(config, "hidden_dropout", 0.0)
    return _decoder(config, activation=config.hidden_act) | {
        "num_positions": 0,
        "rotary": _partial_rotary(config),
        "attention_dropout_prob": getattr(config, "attention_dropout", 0.0),
        "hidden_dropout_prob": dropout,
        "embedding_dropout_prob": dropout,
        "intermediate_size": config.intermediate_size,
        "layernorm_epsilon": config.layer_norm_eps,
        "parallel_residual": getattr(config, "use_parallel_residual", True),
        "qkv_bias": bias,
        "dense_bias": bias,
    }


def bert(config: Any) -> Arguments:
    """Of a BertConfig or RobertaConfig: the encoder's, which may be used as a decoder."""
    if getattr(config, "position_embedding_type", "absolute") != "absolute":
        raise SpecError("only absolute positions", argument="position_embedding_type")
    decoding = getattr(config, "is_decoder", False)
    return _sizes(config, activation=config.hidden_act) | {
        "add_cross_attention": bool(getattr(config, "add_cross_attention", False)),
        "causal_mask_size": config.max_position_embeddings if decoding else None,
        "attention_dropout_prob": config.attention_probs_dropout_prob,
        "hidden_dropout_prob": config.hidden_dropout_prob,
        "intermediate_size": config.intermediate_size,
        "layernorm_epsilon": config.layer_norm_eps,
    }


def _sizes(config: Any, *, activation: str) -> Arguments:
    heads = config.num_attention_heads
    return {
        "num_layers": config.num_hidden_layers,
        "num_attention_heads": heads,
        "attention_head_size": config.hidden_size // heads,
        "hidden_size": config.hidden_size,
        "activation": activation,
        "initializer_range": config.initializer_range,
        "use_normal_initialization": True,
    }


def _decoder(config: Any, *, activation: str) -> Arguments:
    return _sizes(config, activation=activation) | {
        "vocab_size": config.vocab_size,
        "causal_mask_size": config.max_position_embeddings,
        "tie_word_embeddings": getattr(config, "tie_word_embeddings", True),
        "pre_layernorm": True,
        "post_layernorm": False,
    }


def _partial_rotary(config: Any) -> Rotary:
    """Versions before 5 have settings of their own, later ones a dictionary."""
    asked = getattr(config, "rope_parameters", None) or {}
    scaled = getattr(config, "rope_scaling", None) or asked
    if scaled.get("rope_type", scaled.get("type", "default")) != "default":
        raise SpecError(f"rope_scaling={scaled!r}: only the default", argument="rope_scaling")
    share = asked.get("partial_rotary_factor", getattr(config, "rotary_pct", 1.0))
    base = asked.get("rope_theta", getattr(config, "rotary_emb_base", 10000.0))
    return Rotary(size=int(config.hidden_size // config.num_attention_heads * share), base=base)
