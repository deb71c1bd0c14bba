"""Tab completion on the magics' lines: flags, what they accept, and names of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion

from jupyter_sdt.cells.flags import FLAGS
from jupyter_sdt.cells.values import DISTRIBUTIONS
from jupyter_sdt.store.job_store import list_directories

_OF_JOBS = ("%sdt_logs", "%sdt_stop", "%sdt_attach")
# Nobody reads a longer list.
_MOST_JOBS = 30


def complete(context: CompletionContext) -> Any:
    """Return what may stand at the cursor, as a matcher of IPython's completer does.

    https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.completer.html
    """
    magic, *words = context.text_until_cursor.split(" ")
    known = _known(magic, words) if words else ()
    fitting = [word for word in known if word.startswith(words[-1])]
    if not fitting:
        return {"completions": []}
    return {
        "completions": [SimpleCompletion(text=word, type="magic") for word in fitting],
        "matched_fragment": words[-1],
        "ordered": True,
        "suppress": True,
    }


def _known(magic: str, words: list[str]) -> Iterable[str]:
    if magic in _OF_JOBS:
        return [directory.job_name for directory in list_directories()[:_MOST_JOBS]]
    if magic != "%%sdt_train":
        return ()
    if words[-1].startswith("-"):
        return [f"--{name}" for name in FLAGS]
    flag = FLAGS.get(words[-2].removeprefix("--")) if len(words) > 1 else None
    if flag is None:
        return ()
    return DISTRIBUTIONS if flag.kind == "distribution" else flag.choices
