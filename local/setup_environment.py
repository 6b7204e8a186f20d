"""Makes the virtual environment that everything else runs in, by any Python that `make` finds.

Standard library only, and no syntax that Python 3.6 does not know: an old Python must get as far as saying so.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
FREE_DISK_MB = 2048
ROOT = Path(__file__).resolve().parent.parent
STAMP = "requirements.json"
# A group that holds another one whole: whoever has it need not have the environment cut down to the smaller one.
COVERED_BY = {"local": "dev"}
NO_NETWORK = (
    "error sending request",
    "dns error",
    "Failed to fetch",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "ConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "operation timed out",
)


class SetupError(Exception):
    """The environment cannot be made; the text is one sentence."""


def main(arguments=None):  # type: (list[str] | None) -> int
    """Makes or renews the environment where its lock has changed; returns the exit status."""
    parser = argparse.ArgumentParser(description="Makes the virtual environment, or renews it where its lock changed.")
    parser.add_argument("group", help="the lock file in requirements/, without its ending")
    parser.add_argument("--venv", default=str(ROOT / ".venv"), help="the environment's folder (default: .venv)")
    options = parser.parse_args(arguments)
    try:
        check_python(sys.version_info[:3], sys.executable)
        make_environment(options.group, Path(options.venv).absolute(), ROOT / "requirements")
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def check_python(version, executable):  # type: (tuple[int, ...], str) -> None
    """Raises SetupError unless `version` is new enough."""
    if tuple(version[:2]) < OLDEST:
        found, oldest = ".".join(map(str, version)), ".".join(map(str, OLDEST))
        raise SetupError(
            f"Python {oldest} or newer is needed, and {executable} is {found}:"
            " install a newer one, or name one with PYTHON=."
        )


def make_environment(group, venv, locks):  # type: (str, Path, Path) -> None
    """Brings `venv` to what the lock of `group` in the folder `locks` says; does nothing if it is there already.

    Raises:
        SetupError: it cannot be made.
    """
    installed = read_stamp(venv)
    larger = COVERED_BY.get(group)
    if larger and installed.get("group") == larger:
        group = larger
    wanted = {"group": group, "lock": digest(locks / f"{group}.txt"), "python": list(sys.version_info[:2])}
    python = venv / "bin" / "python"
    if installed == wanted and python.exists():
        return
    check_disk(venv)
    if not works(python):
        make_venv(venv)
    install(group, venv, locks)
    (venv / STAMP).write_text(json.dumps(wanted), encoding="utf-8")


def read_stamp(venv):  # type: (Path) -> dict[str, object]
    """What was installed last, or nothing."""
    try:
        found = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def digest(lock):  # type: (Path) -> str
    """The SHA-256 of a lock file."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        raise SetupError(f"There is no lock file {lock}.") from None


def check_disk(folder):  # type: (Path) -> None
    """Raises SetupError unless there is room for the environment."""
    existing = next(parent for parent in [folder, *folder.parents] if parent.exists())
    free_mb = shutil.disk_usage(str(existing)).free >> 20
    if free_mb < FREE_DISK_MB:
        raise SetupError(
            f"There is not enough disk space for the environment: {folder} needs {FREE_DISK_MB} MB free"
            f" and has {free_mb} MB."
        )


def works(python):  # type: (Path) -> bool
    """Whether there is an environment whose Python runs and is this one's version."""
    version = list(sys.version_info[:2])
    try:
        answer = subprocess.call(
            [str(python), "-c", f"import sys; sys.exit(list(sys.version_info[:2]) != {version})"],
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    return answer == 0


def make_venv(venv):  # type: (Path) -> None
    """Makes an empty environment, in place of a broken one or one of another Python."""
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian and Ubuntu ship Python without it
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError(
            f"{sys.executable} cannot make environments: install the package {package} and try again."
        ) from None
    say(f"Making the environment in {venv}")
    run([sys.executable, "-m", "venv", "--clear", str(venv)], "The environment could not be made")


def install(group, venv, locks):  # type: (str, Path, Path) -> None
    """Installs uv into the environment by pip, then the group's packages by uv, each checked against its hash."""
    began = time.time()
    environment = {"UV_CACHE_DIR": str(ROOT / ".cache" / "uv"), "UV_HTTP_RETRIES": "2", "PIP_NO_CACHE_DIR": "1"}
    environment.update(os.environ)
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    python, uv = str(venv / "bin" / "python"), str(venv / "bin" / "uv")
    lock, uv_lock = locks / f"{group}.txt", locks / "uv.txt"
    count = sum(1 for line in lock.read_text(encoding="utf-8").split("\n") if line[:1].isalnum())
    say(f"Installing {count} packages; the first time takes a minute or two")
    failure = "The packages could not be installed"
    run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(uv_lock)], failure, environment)
    # Compiled once here, as the layers are: a worker that must compile what it imports takes three times as long.
    sync = [uv, "pip", "sync", "--quiet", "--compile-bytecode", "--python", python, "--require-hashes", str(lock)]
    run(sync, failure, environment)
    say(f"Installed in {time.time() - began:.0f} s")


def run(command, failure, environment=None):  # type: (list[str], str, dict[str, str] | None) -> None
    """Runs a command in silence; when it fails, its words decide which sentence is told.

    Raises:
        SetupError: it failed; the text begins with `failure`.
    """
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode == 0:
        return
    if any(sign in done.stdout for sign in NO_NETWORK):
        raise SetupError(f"{failure}: is there no network? The first start needs one, and later ones do not.")
    if "No space left on device" in done.stdout:
        raise SetupError(f"{failure}: the disk is full.")
    raise SetupError(f"{failure}: {Path(command[0]).name} ended with status {done.returncode}.\n{done.stdout.strip()}")


def say(line):  # type: (str) -> None
    """Tells the person at the keyboard what takes long."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
