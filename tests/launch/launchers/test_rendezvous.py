"""The port where ranks meet."""

from __future__ import annotations

import socket

from jupyter_sdt.launch.launchers import rendezvous
from jupyter_sdt.launch.launchers.rendezvous import LOOPBACK, free_port


def test_the_port_is_one_that_no_outgoing_connection_gets():
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    assert all(20000 <= port < rendezvous._outgoing_ports() for port in ports)


def test_a_port_that_is_taken_is_passed_over(monkeypatch):
    with socket.create_server((LOOPBACK, 0)) as taken:
        numbers = iter([taken.getsockname()[1], free := free_port()])
        monkeypatch.setattr(rendezvous.random, "randrange", lambda *_: next(numbers))
        assert free_port() == free


def test_where_everything_seems_taken_the_system_chooses(monkeypatch):
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(rendezvous.random, "randrange", lambda *_: port)
        assert free_port() not in (0, port)
