"""A strand without a thread stops where it may, and ends as it should."""

import threading
from contextlib import nullcontext
from contextvars import ContextVar

import pytest
import torch

from jupyter_sdt.runtime.modelparallel.pipeline.light_strand import LightStrand, available
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Cancelled
from jupyter_sdt.runtime.modelparallel.pipeline.thread_strand import ThreadStrand, dismiss_idle

CALLED = ContextVar("called", default="nobody")


def paused(strands, entering=nullcontext):
    """What a strand that has entered something says about pausing there."""
    said = []

    def work():
        with entering():
            said.append(strands[0].may_pause)

    strands.append(LightStrand(work))
    strands[0].resume()
    return said[0]


def test_it_is_used_here():
    assert available()


@pytest.mark.parametrize("kind", [ThreadStrand, LightStrand])
def test_it_runs_while_it_is_resumed_and_takes_turns(kind):
    done = []

    def work(name):
        for number in range(3):
            done.append((name, number))
            strands[name].pause()

    strands = {name: kind(lambda name=name: work(name)) for name in "ab"}
    for _ in range(4):
        for strand in strands.values():
            strand.resume()
    assert done == [(name, number) for number in range(3) for name in "ab"]
    assert all(strand.finished and strand.error is None for strand in strands.values())


@pytest.mark.parametrize("kind", [ThreadStrand, LightStrand])
def test_an_error_is_kept_for_whoever_resumed_it(kind):
    strand = kind(lambda: 1 // 0)
    strand.resume()
    assert strand.finished
    assert isinstance(strand.error, ZeroDivisionError)


@pytest.mark.parametrize("kind", [ThreadStrand, LightStrand])
def test_giving_up_unwinds_what_is_paused_and_never_begins_what_has_not_begun(kind):
    seen = []

    def work():
        try:
            strand.pause()
        finally:
            seen.append("unwound")

    strand = kind(work)
    strand.resume()
    strand.cancel()
    assert seen == ["unwound"]
    assert isinstance(strand.error, Cancelled)
    other = kind(lambda: seen.append("begun"))
    other.cancel()
    assert other.finished
    assert seen == ["unwound"]


def test_threads_that_nobody_needs_end_and_others_begin_when_they_do():
    def here():
        return {thread for thread in threading.enumerate() if thread.name == "sdt-strand"}

    def wait():
        waiting_thread.append(threading.current_thread())
        waiting.pause()

    waiting_thread = []
    waiting, ended = ThreadStrand(wait), ThreadStrand(lambda: None)
    for strand in (waiting, ended):
        strand.resume()
    before = here()
    dismiss_idle()
    busy = waiting_thread[0]
    for thread in before - {busy}:
        thread.join(5)
    assert before > {busy} == here()  # on which one waits
    waiting.resume()
    again = ThreadStrand(lambda: None)
    again.resume()
    assert waiting.finished
    assert again.finished


def test_one_may_be_resumed_by_another():
    order = []
    inner = LightStrand(lambda: (order.append("inner"), inner.pause(), order.append("inner again")))

    def work():
        inner.resume()
        order.append("outer")

    LightStrand(work).resume()
    inner.resume()
    assert order == ["inner", "outer", "inner again"]


@pytest.mark.parametrize(
    "entering",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        torch.autograd.graph.save_on_cpu,
        lambda: torch.device("meta"),
    ],
)
def test_it_may_not_pause_inside_of_what_holds_for_the_thread(entering):
    assert paused([])
    assert not paused([], entering)


def test_it_may_not_pause_within_backward():
    said = []

    def work():
        leaf = torch.ones((), requires_grad=True)
        leaf.register_hook(lambda _: said.append(strand.may_pause))
        leaf.mul(2).backward()
        said.append(strand.may_pause)

    strand = LightStrand(work)
    strand.resume()
    assert said == [False, True]


def test_it_sees_the_context_it_was_made_in_and_keeps_its_own():
    CALLED.set("before")
    seen = []

    def work():
        seen.append(CALLED.get())
        CALLED.set("within")
        strand.pause()
        seen.append(CALLED.get())

    strand = LightStrand(work)
    strand.resume()
    assert CALLED.get() == "before"
    strand.resume()
    assert seen == ["before", "within"]
