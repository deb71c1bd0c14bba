"""Who gets in, which jobs are shown, and what no name may reach."""

import json
import os
import re
import socket
import subprocess
import warnings

import pytest
from jupyter_server.utils import JupyterServerAuthWarning
from server_support import record
from tornado.httpclient import HTTPClientError

from jupyter_sdt.server import extension
from jupyter_sdt.server.stream import SocketHandler

NO_JOBS = {"jobs": [], "total": 0, "running": []}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


def offered() -> list[tuple[str, str]]:
    """Every method of every route but the sockets'."""
    return [
        (method, re.sub(r"\(.*?\)\+?\)?", "job-1", route))
        for route, handler in extension.ROUTES.items()
        if not issubclass(handler, SocketHandler)
        for method in METHODS
        if getattr(handler, method.lower()).__name__ != "_unimplemented_method"
    ]


def test_the_walk_sees_every_route() -> None:
    assert len({path for _, path in offered()}) == len(extension.ROUTES) - 2
    assert ("DELETE", "jobs/job-1") in offered()


@pytest.mark.parametrize(("method", "path"), offered())
async def test_nobody_gets_in_without_a_token(jp_fetch, store, method, path) -> None:
    directory = store.ended()
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch(
            "jupyter-sdt",
            *path.split("/"),
            method=method,
            allow_nonstandard_methods=True,
            headers={"Authorization": "token wrong"},
            follow_redirects=False,
        )
    assert refused.value.code == 403
    assert directory.path.exists()


@pytest.mark.parametrize(("method", "path"), offered())
async def test_the_authorizer_is_asked_for_every_method(
    ask, store, jp_serverapp, monkeypatch, method, path
) -> None:
    asked = []

    def refuse(handler, user, action, resource):
        asked.append((action, resource))
        return False

    monkeypatch.setattr(jp_serverapp.authorizer, "is_authorized", refuse)
    status, _ = await ask(method, path, {})
    action = "read" if method == "GET" else "write"
    assert (status, asked) == (403, [(action, "jupyter_sdt")])


def test_no_handler_makes_jupyter_warn_about_missing_authentication(jp_serverapp) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", JupyterServerAuthWarning)
        extension.load(jp_serverapp)


@pytest.mark.parametrize(("method", "path"), [o for o in offered() if o[0] != "GET"])
async def test_a_cookie_without_its_xsrf_token_changes_nothing(
    http_server_client, jp_base_url, jp_http_port, log_in, store, method, path
) -> None:
    directory = store.ended()
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(
            f"{jp_base_url}jupyter-sdt/{path}",
            method=method,
            headers={"Cookie": await log_in(), "Host": f"localhost:{jp_http_port}"},
            allow_nonstandard_methods=True,
        )
    assert refused.value.code == 403
    assert "_xsrf" in json.loads(refused.value.response.body)["message"]
    assert directory.path.exists()


async def test_the_cookie_alone_reads(
    http_server_client, jp_base_url, jp_http_port, log_in
) -> None:
    page = await http_server_client.fetch(
        f"{jp_base_url}jupyter-sdt/jobs",
        headers={"Cookie": await log_in(), "Host": f"localhost:{jp_http_port}"},
    )
    assert json.loads(page.body) == NO_JOBS


SOCKETS = [("stream",), ("jobs", "job-1", "stream")]


@pytest.mark.parametrize("where", SOCKETS)
async def test_a_page_of_another_origin_gets_no_socket(jp_ws_fetch, log_in, store, where) -> None:
    store.running()
    headers = {"Authorization": "", "Cookie": await log_in()}
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch(
            "jupyter-sdt", *where, headers={**headers, "Origin": "http://evil.example"}
        )
    assert refused.value.code == 403
    (await jp_ws_fetch("jupyter-sdt", *where, headers=headers)).close()


@pytest.mark.parametrize("where", SOCKETS)
async def test_a_socket_without_a_token_is_refused(jp_ws_fetch, store, where) -> None:
    store.running()
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("jupyter-sdt", *where, headers={"Authorization": "token wrong"})
    assert refused.value.code == 403


@pytest.fixture
def log_in(http_server_client, jp_serverapp, jp_base_url, jp_http_port):
    """Log in; returns what a browser keeps, without the XSRF cookie."""

    async def cookie() -> str:
        token = jp_serverapp.identity_provider.token
        # The cookie's name holds the address that the browser used.
        page = await http_server_client.fetch(
            f"{jp_base_url}api/me?token={token}", headers={"Host": f"localhost:{jp_http_port}"}
        )
        cookies = page.headers.get_list("Set-Cookie")
        return "; ".join(c.partition(";")[0] for c in cookies if not c.startswith("_xsrf"))

    return cookie


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2F..%2Fetc", "%2Fetc", ".deleted-x", "job_1", "a" * 64, "job-1%00"]
)
@pytest.mark.parametrize("rest", ["", "/logs", "/stop"])
async def test_no_name_leads_out_of_the_store(
    http_server_client, jp_auth_header, jp_base_url, store, name, rest
) -> None:
    store.running()
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(
            f"{jp_base_url}jupyter-sdt/jobs/{name}{rest}",
            method="POST" if rest == "/stop" else "GET",
            headers=jp_auth_header,
            allow_nonstandard_methods=True,
        )
    assert refused.value.code == 404


async def test_a_link_to_a_folder_is_no_job(ask, store, tmp_path) -> None:
    directory = store.running()
    moved = directory.path.rename(tmp_path / directory.job_name)
    directory.path.symlink_to(moved)
    assert (await ask("GET", f"jobs/{directory.job_name}"))[0] == 404
    assert (await ask("GET", "jobs"))[1] == NO_JOBS


async def test_jobs_of_other_users_are_never_served(ask, store, listen, monkeypatch) -> None:
    """Everything belongs to another user once we are somebody else."""
    directory = store.ended()
    record(directory, 1)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert (await ask("GET", "jobs"))[1] == NO_JOBS
    for method, path in offered():
        if "job-1" in path:
            assert (await ask(method, path, {}))[0] == 404, path
    stream = await listen(directory.job_name)
    assert (await stream.read_message(), stream.close_code) == (None, 4404)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
@pytest.mark.parametrize("foreign", ["path", "spec_file"])
async def test_a_folder_or_spec_that_was_given_away_is_not_served(ask, store, foreign) -> None:
    directory = store.running()
    os.chown(getattr(directory, foreign), 12345, -1)
    assert (await ask("GET", f"jobs/{directory.job_name}"))[0] == 404


async def test_a_log_that_is_a_link_a_pipe_or_a_socket_is_not_read(
    ask, store, tmp_path, monkeypatch
) -> None:
    directory = store.running()
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    directory.log(0).symlink_to(secret)
    os.mkfifo(directory.log(1))
    for rank in (0, 1):
        _, body = await ask("GET", f"jobs/{directory.job_name}/logs", rank=rank)
        assert (body["lines"], body["size"]) == ([], 0)
    with socket.socket(socket.AF_UNIX) as listener:
        directory.log(1).unlink()
        monkeypatch.chdir(directory.logs)
        listener.bind("rank-1.log")
        _, body = await ask("GET", f"jobs/{directory.job_name}/logs", rank=1)
        assert body["lines"] == []


async def test_processes_of_a_lost_job_keep_it_from_being_deleted(ask, store) -> None:
    directory = store.running()
    os.close(store.locks.pop())
    environment = {"SDT_JOB_DIRECTORY": str(directory.path)}
    with subprocess.Popen(["/bin/sleep", "60"], env=environment) as orphan:
        status, body = await ask("DELETE", f"jobs/{directory.job_name}")
        orphan.kill()
    assert (status, directory.path.exists()) == (409, True)
    assert "still run" in body["message"]
    assert (await ask("DELETE", f"jobs/{directory.job_name}"))[0] == 204
