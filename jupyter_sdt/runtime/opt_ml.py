"""``/opt/ml``, where scripts for SageMaker expect their folders: those of the rank's own node.

A rank whose script or arguments name it gets a view of the file system in which it is there
(mount_namespaces(7)), without a trace on the machine. That takes root; other users' arguments are
translated, and what their scripts name themselves stays as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

OPT_ML = "/opt/ml"
_SUFFIXES = {".py", ".sh", ".json", ".yaml", ".yml", ".toml", ".cfg"}
_MOST_FILES, _MOST_BYTES = 5000, 1 << 20
_NEW_NAMESPACE = 0x00020000  # CLONE_NEWNS of sched.h
_BIND, _RECURSIVE, _SLAVE = 4096, 16384, 1 << 19  # MS_BIND, MS_REC, MS_SLAVE of sys/mount.h
_DETACH = 2  # MNT_DETACH


def show_opt_ml(argv: Sequence[str], tree: Path) -> Sequence[str]:
    """Let this process see the node's ``tree`` as /opt/ml if it may need it.

    ``argv`` is the script and its arguments; returns them as they are to be used. Files of the
    working directory are searched for the name. Call it while the process has one thread.
    """
    if not sys.platform.startswith("linux") or not _is_named(argv):
        return argv
    try:
        _mount_tree(tree)
    except OSError as error:
        if Path(OPT_ML).is_dir():
            return argv
        sys.stderr.write(
            f"jupyter_sdt: /opt/ml is named, and only root can show it here ({error.strerror}): "
            f"arguments lead to {tree}; a script finds its folders in SM_MODEL_DIR and the like\n"
        )
        return translated(argv, tree)
    return argv


def translated(argv: Sequence[str], tree: Path) -> list[str]:
    """``argv`` with the ``tree`` in the place of /opt/ml."""
    return [
        str(tree / word.removeprefix(OPT_ML).lstrip("/")) if _leads_there(word) else word
        for word in argv
    ]


def _leads_there(word: str) -> bool:
    return word == OPT_ML or word.startswith(f"{OPT_ML}/")


def _is_named(argv: Sequence[str]) -> bool:
    if any(map(_leads_there, argv)):
        return True
    return any(map(_names_it, islice(Path.cwd().rglob("*"), _MOST_FILES)))


def _names_it(path: Path) -> bool:
    if path.suffix not in _SUFFIXES:
        return False
    try:
        return path.stat().st_size <= _MOST_BYTES and OPT_ML.encode() in path.read_bytes()
    except OSError:
        return False


def _mount_tree(tree: Path) -> None:
    """Raises OSError where that is not allowed; everything then shows as before."""
    folders = {path.name: path.resolve() for path in tree.iterdir() if path.is_dir()}
    _call("unshare", _NEW_NAMESPACE)
    _mount("none", "/", flags=_RECURSIVE | _SLAVE)  # what is mounted later elsewhere still shows
    place = Path(OPT_ML)
    covered = place if place.is_dir() else place.parent
    # What lies there goes by these, once something covers it.
    held = [] if covered == place else [(p, _descriptor(p)) for p in covered.iterdir()]
    _mount("tmpfs", str(covered), kind="tmpfs")
    try:
        for path, descriptor in held:
            _show(path, f"/proc/self/fd/{descriptor}")
        for name, folder in folders.items():
            _show(place / name, str(folder))
    except OSError:
        _call("umount2", os.fsencode(covered), _DETACH)
        raise
    finally:
        for _, descriptor in held:
            os.close(descriptor)


def _descriptor(path: Path) -> int:
    return os.open(path, os.O_PATH | os.O_NOFOLLOW)


def _show(path: Path, source: str) -> None:
    """Make ``path`` the folder or file ``source``."""
    if Path(source).is_dir():
        path.mkdir(parents=True)
    else:
        path.touch()
    _mount(source, str(path), flags=_BIND | _RECURSIVE)


def _mount(source: str, target: str, *, kind: str | None = None, flags: int = 0) -> None:
    what = os.fsencode(kind) if kind else None
    _call("mount", os.fsencode(source), os.fsencode(target), what, ctypes.c_ulong(flags), None)


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
