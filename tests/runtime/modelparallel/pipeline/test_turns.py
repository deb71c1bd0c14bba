"""Which task goes on: by an order that is known before the first task, or soon after."""

from jupyter_sdt.runtime.modelparallel.pipeline.task import Task
from jupyter_sdt.runtime.modelparallel.pipeline.turns import Turns


def entered(turns, count):
    """Tasks that the first stage has asked for, one of each microbatch."""
    tasks = [Task(None, microbatch) for microbatch in range(count)]
    for task in tasks:
        turns.enter(task)
    return tasks


def done(turns, tasks):
    """Microbatches in the order in which they are chosen."""
    found, waiting = [], list(tasks)
    while waiting:
        task = turns.choose(waiting)
        waiting.remove(task)
        turns.passed(task)
        found.append(task.microbatch)
    return found


def test_without_an_order_smaller_microbatches_go_first():
    turns = Turns(1, None)
    assert done(turns, reversed(entered(turns, 3))) == [0, 1, 2]


def test_an_order_is_followed_until_it_is_left():
    turns = Turns(1, None)
    first, *others = entered(turns, 4)
    turns.follow([(0, 0, 0), (3, 0, 0), (2, 0, 0), (1, 0, 0)])
    assert turns.choose(others) is None
    assert done(turns, [first]) == [0]
    assert done(turns, others[2:]) == [3]
    turns.leave_order()
    assert done(turns, others[:2]) == [1, 2]


def test_an_order_that_comes_late_goes_on_after_what_is_done():
    turns = Turns(1, None)
    first, second, third = entered(turns, 3)
    assert done(turns, [first]) == [0]
    turns.follow([(0, 0, 0), (2, 0, 0), (1, 0, 0)])
    assert turns.choose([second]) is None
    assert done(turns, [second, third]) == [2, 1]
