"""Calls of one stage are one graph where one's gradient is all that the other goes back from."""

import pytest

from jupyter_sdt.runtime.modelparallel.pipeline.joining import joined
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Backward, Call, Mode, Push

MODE = Mode(grad=True, inference=False, autocast=())
GIVEN = (0, "given", 0)


def call(frame, *arguments):
    """A call whose arguments all want a gradient."""
    return Call(frame, 7, b"", tuple((key, True) for key in arguments), MODE, 0)


def output(frame, index=0):
    return frame, "output", index


def gradient(frame, index=0):
    return frame, "gradient", index


def back(frame, key, *, wanted=(), index=0):
    return Backward(frame, ((index, key),), wanted)


def test_the_loss_of_what_a_module_returned():
    model, loss = call(1, GIVEN), call(2, output(1))
    backwards = back(2, GIVEN), back(1, gradient(2), wanted=(0,))
    assert joined((model, loss, *backwards)) == {gradient(2)}
    assert joined((loss, *backwards)) == {gradient(2)}  # the model was called in an earlier burst


def test_the_loss_of_a_view():
    calls = call(1, GIVEN), call(2, output(1)), call(3, output(2))
    backwards = back(3, GIVEN), back(2, gradient(3)), back(1, gradient(2), wanted=(0,))
    assert joined((*calls, *backwards)) == {gradient(2), gradient(3)}


@pytest.mark.parametrize(
    "backwards",
    [
        (back(2, GIVEN), Backward(1, ((0, gradient(2)), (1, GIVEN)), ())),  # another's comes, too
        (back(2, GIVEN), Push(gradient(2), 2), back(1, gradient(2))),  # somebody else wants it
        (back(2, GIVEN, wanted=(0,)), back(1, gradient(2))),  # as the caller does
        (back(2, GIVEN), back(1, GIVEN)),  # the caller adds to it
        (back(2, GIVEN), back(1, gradient(2), index=1)),  # it is another output's
        (back(2, GIVEN), Backward(1, (), ())),
        (back(1, gradient(2)),),  # it comes in another burst
        (back(2, GIVEN),),
    ],
)
def test_gradients_that_are_not_all_or_go_elsewhere_too(backwards):
    assert not joined((call(1, GIVEN), call(2, output(1)), *backwards))
