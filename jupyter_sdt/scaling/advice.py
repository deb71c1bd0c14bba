"""A study in words: a table as text, the best size, what limits it, what more would bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from jupyter_sdt.scaling.model import ScalingModel
from jupyter_sdt.scaling.rows import StudyRow

Scaling = Literal["strong", "weak"]
# Below this, more than 30 % of what the added ranks cost is lost.
WORTHWHILE_EFFICIENCY = 0.7
# How far a batch may differ from the base's before it is another experiment.
_BATCH_TOLERANCE = 0.1


def advise(rows: Sequence[StudyRow], model: ScalingModel | None = None) -> str:
    """Return one to three sentences on which size to take and what limits more."""
    if not rows:
        return "Nothing has been measured yet."
    if len(rows) == 1:
        return f"Only world size {rows[0].world_size} was measured: no speedup can be said."
    sentences = [_best(rows), _limit(rows[-1])]
    if model is not None:
        sentences.append(_prediction(model))
    return " ".join(sentence for sentence in sentences if sentence)


def batch_warning(rows: Sequence[StudyRow], scaling: Scaling) -> str:
    """Return a warning when the batches measured are not what ``scaling`` stands for, or ''.

    Strong scaling keeps the global batch, weak scaling the batch of each replica. A script with a
    fixed batch per rank that is called strong scaling would look better than it is.
    """
    for row in rows[1:]:
        growth = 1.0 if scaling == "strong" else row.world_size / rows[0].world_size
        expected = growth * rows[0].global_batch_size
        if expected and abs(row.global_batch_size / expected - 1) > _BATCH_TOLERANCE:
            return (
                f"This is not {scaling} scaling: the global batch was {row.global_batch_size} "
                f"samples at world size {row.world_size} where {round(expected)} were expected; "
                + _remedy(scaling)
            )
    return ""


def table_text(rows: Sequence[StudyRow]) -> str:
    """Return the rows as a plain text table for terminals and screen readers."""
    head = f"{'ranks':>5} {'samples/s':>22} {'step':>10} {'speedup':>8} {'efficiency':>10}"
    return "\n".join([head, *map(_line, rows)])


def _line(row: StudyRow) -> str:
    throughput = f"{row.throughput:,.0f}"
    if row.repeats > 1:
        throughput += f" ({row.throughput_low:,.0f}-{row.throughput_high:,.0f})"
    step = f"{row.step_seconds * 1e3:,.2f} ms"
    return (
        f"{row.world_size:>5} {throughput:>22} {step:>10} {row.speedup:>8.2f} "
        f"{row.efficiency:>10.0%}"
    )


def _best(rows: Sequence[StudyRow]) -> str:
    worthwhile = [row for row in rows if row.efficiency >= WORTHWHILE_EFFICIENCY]
    best = max(worthwhile, key=lambda row: row.throughput)
    base = rows[0].world_size
    if best.world_size == base:
        return (
            f"World size {base} is the best: no larger one keeps an efficiency of "
            f"{WORTHWHILE_EFFICIENCY:.0%}."
        )
    return (
        f"World size {best.world_size} is the best with an efficiency of at least "
        f"{WORTHWHILE_EFFICIENCY:.0%}: {best.speedup:.2f} times the throughput of "
        f"{base} {'rank' if base == 1 else 'ranks'}, efficiency {best.efficiency:.0%}."
    )


def _limit(largest: StudyRow) -> str:
    lost = 1 - largest.efficiency
    if lost <= 0:
        return f"Up to {largest.world_size} ranks nothing limits: scaling is better than linear."
    return (
        f"At {largest.world_size} ranks {lost:.0%} of the ranks' time is not training: "
        "communication, waiting for the slowest rank, memory and cores they share."
    )


def _prediction(model: ScalingModel) -> str:
    doubled = 2 * model.largest_measured
    law = "Amdahl's law" if model.law == "Amdahl" else "The universal scalability law"
    if model.residual is None:
        trust = "two sizes fix the curve, so its error is unknown"
    else:
        trust = f"it misses the measured sizes by {model.residual:.1%}"
    return (
        f"{law} predicts {model.throughput(doubled):,.0f} samples/s at {doubled} ranks with a core "
        f"or GPU each (efficiency {model.efficiency(doubled):.0%}; {trust})."
    )


def _remedy(scaling: Scaling) -> str:
    if scaling == "strong":
        return "name the batch with batch_size_hyperparameter, or ask for scaling='weak'."
    return "keep the script's batch per rank the same, or ask for scaling='strong'."
