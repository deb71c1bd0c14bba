"""An AWS of one job, over HTTP: what moto lacks, StopTrainingJob and states that take time."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class TinyAws:
    """``phases`` are described one after the other; the last stays until the job is stopped."""

    phases: list[str]
    throttled: int = 0
    calls: list[str] = field(default_factory=list)
    stopped: bool = False
    seen: list[str] = field(default_factory=list)

    def answer(self, operation: str) -> tuple[int, dict[str, Any]]:
        """Status and body of one call."""
        self.calls.append(operation)
        if operation == "StopTrainingJob":
            self.stopped = True
        if operation == "DescribeLogStreams":
            return 200, {"logStreams": []}
        if operation != "DescribeTrainingJob":
            return 200, {"TrainingJobArn": "arn:aws:sagemaker:x"}
        if self.throttled:
            self.throttled -= 1
            return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        return 200, self._described()

    def _described(self) -> dict[str, Any]:
        if self.stopped:
            self.seen += [] if "Stopped" in self.seen else ["Stopping", "Stopped"]
        elif len(self.seen) < len(self.phases):
            self.seen.append(self.phases[len(self.seen)])
        steps = [{"Status": p, "StartTime": 1.7e9 + n} for n, p in enumerate(self.seen)]
        status = "Stopped" if self.stopped else "InProgress"
        return {
            "TrainingJobStatus": status,
            "SecondaryStatus": self.seen[-1],
            "SecondaryStatusTransitions": steps,
        }


def serve(aws: TinyAws) -> ThreadingHTTPServer:
    """Serve ``aws`` from a thread; the address is ``server_address``."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.headers.get("X-Amz-Target", "")
            status, body, kind = 200, "", "text/xml"
            if target:
                status, told = aws.answer(target.rpartition(".")[2])
                body, kind = json.dumps(told), "application/x-amz-json-1.1"
            else:  # S3
                aws.calls.append(f"{self.command} {self.path}")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_PUT = do_POST = do_HEAD = _answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
