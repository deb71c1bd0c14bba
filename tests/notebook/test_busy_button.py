"""A button works while a cell keeps the kernel busy."""

import pytest

MAKE = """
import threading, time
from jupyter_sdt.notebook.busy_button import busy_button
clicks, clicked = [], threading.Event()
def act():
    clicks.append(threading.current_thread().name)
    clicked.set()
button = busy_button("Stop", "Stop the job", act)
"""


@pytest.fixture
def with_button(kernel):
    reply = kernel.run(MAKE)
    assert reply.status == "ok", reply.error
    return kernel


def test_a_click_acts_during_a_running_cell(with_button):
    running = with_button.begin("print('busy', flush=True)\nprint(clicked.wait(60))")
    with_button.until(lambda m: m["content"].get("text", "").startswith("busy"))
    with_button.click("Stop")
    reply = with_button.finish(running)
    assert "True" in reply.text


def test_each_click_acts_once_although_it_arrives_twice(with_button):
    with_button.click("Stop")
    with_button.click("Stop")
    assert with_button.run("print(clicked.wait(10), len(clicks))").text == "True 2\n"


def test_other_messages_of_the_button_are_left_alone(with_button):
    with_button.run("button.description = 'Again'\nbutton.comm._reply_subshell_for({'a': 1}, None)")
    assert with_button.run("print(len(clicks), button.description)").text == "0 Again\n"
