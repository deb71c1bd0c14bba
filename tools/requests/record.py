"""Record what SageMaker's SDK sends, for the tests that compare our requests with it.

    python tools/requests/record.py

The SDK is installed into build/benchmarks/sagemaker on the first call, where the benchmarks have
it too. Writes tests/launch/remote/requests/sdk-VERSION.json: the cases with the request that
went over the wire, or the reason why the SDK refused it. No call leaves this machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "benchmarks" / "sagemaker")]

from cases import cases  # noqa: E402 - beside this file
from peer import PEER, sdk_python  # noqa: E402 - the benchmarks' own

TARGET = ROOT / "tests" / "launch" / "remote" / "requests"


def recorded(folder: str) -> list[dict[str, object]]:
    """Every case with the SDK's answer; its scripts lie in ``folder``."""
    for name in ("train.py", "run.sh", "src/train.py", "lib/helper.py"):
        path = Path(folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("print('trained')\n")
    everything = list(cases())
    told = subprocess.run(
        [str(sdk_python()), str(Path(__file__).with_name("sdk.py"))],
        input="".join(json.dumps(case) + "\n" for case in everything),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=folder,
    ).stdout
    # The SDK says where its configuration would lie.
    answers = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return [case | answer for case, answer in zip(everything, answers, strict=True)]


def main() -> None:
    """Write the file; tells what was refused."""
    with tempfile.TemporaryDirectory() as folder:
        told = recorded(folder)
    name = PEER.replace("sagemaker==", "sdk-")
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in told)
    (TARGET / f"{name}.json").write_text(f'{{"sdk": "{PEER}", "cases": [\n{rows}\n]}}\n')
    refused = [f"{row['name']}: {row['refused']}" for row in told if "refused" in row]
    print(f"{len(told)} cases, {len(refused)} refused", *refused, sep="\n  ")


if __name__ == "__main__":
    main()
