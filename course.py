"""Set QuantLab up in .venv, then hand over to JupyterLab, tests, demo or site."""

# Standard library only, and no syntax newer than Python 3.6: an old Python shall answer with a
# sentence, not with a SyntaxError.
import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import closing
from itertools import islice

OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.stderr.write("Python %d.%d is too old: " % sys.version_info[:2])
    sys.stderr.write("run course.py with Python %d.%d or newer.\n" % OLDEST)
    sys.exit(3)

from course_setup import (
    AGAIN,
    BIN,
    EXE,
    PYTHON,
    ROOT,
    Stop,
    environment,
    run,
    run_at_once,
    set_up,
    trouble,
)

FAILED, BAD_COMMAND, PORT, INTERRUPTED = 1, 2, 7, 130
EXIT_CODES = """exit codes: 0 done; 1 a check, a test, the demo, the site or JupyterLab failed; 2
bad command line; 3 Python too old or without venv; 4 no network; 5 disk full; 6 .venv cannot be
written; 7 port taken; 8 a package cannot be installed; 9 path that pip cannot handle; 130
interrupted"""
FIRST_LESSON = "00_start_here"
FIRST_PAGE = f"{FIRST_LESSON}/{FIRST_LESSON}.ipynb"
CHECKS = ["ruff check .", "ruff format --check .", "mypy"]
CHECKS += ["autograder build --check", "autograder lint", "autograder lint --mutants"]
# A worker a core, four at most: each holds torch and ONNX Runtime in memory.
PYTEST = "pytest -n logical --maxprocesses 4"


def free_port(wanted: int | None) -> int:
    """The port asked for, or the first free one from 8888 up."""
    for port in [wanted] if wanted else range(8888, 8988):
        with socket.socket() as probe:
            if os.name == "posix":  # elsewhere this option would share a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError as error:
                why = error.strerror
    raise Stop(PORT, f"Port {port} cannot be used ({why}): give another one by --port N {AGAIN}")


def start(wanted: int | None, browser: bool, torch_index: str | None) -> int:
    """Set up, then JupyterLab on the first notebook until Ctrl-C."""
    free_port(wanted)  # better said now than after minutes of set-up
    set_up(set(), torch_index)
    port, token, page = free_port(wanted), secrets.token_hex(24), f"/lab/tree/{FIRST_PAGE}"
    argv = [PYTHON, "-m", "quantlab", "start", FIRST_LESSON, "--port", str(port)]
    argv += [] if browser else ["--no-browser"]
    news = [
        f"JupyterLab is ready, Ctrl-C ends it:\n    http://127.0.0.1:{port}{page}?token={token}"
    ]

    def announce(_: float) -> None:
        with socket.socket() as probe:
            if news and probe.connect_ex(("127.0.0.1", port)) == 0:
                print(news.pop(), flush=True)

    try:
        env = environment(JUPYTER_TOKEN=token)  # an argument would show in the process list
        code = run(argv, announce, env=env, stdin=subprocess.DEVNULL)
    except KeyboardInterrupt:
        print("JupyterLab has ended.")
        return 0
    if code:
        raise Stop(FAILED, f"JupyterLab ended with code {code}: mend what it says above {AGAIN}")
    return 0


def whole_project() -> None:
    """Stop in a student's copy, which has neither the tests nor the instructor's tools."""
    if not (ROOT / "autograder").is_dir():
        missing = "has no tests, no demo and no site"
        raise Stop(FAILED, f"A student's copy {missing}: use `python course.py start`.")


def test(pytest_args: list[str], torch_index: str | None) -> int:
    """Set up, then every check beside pytest, whose summary stays the last line."""
    whole_project()
    set_up({"dev"}, torch_index)
    programs = {line: line.split() for line in CHECKS}
    commands = {line: [f"{BIN / name}{EXE}", *args] for line, (name, *args) in programs.items()}
    commands[PYTEST] = [PYTHON, "-m", *PYTEST.split(), *pytest_args]
    # pytest's workers wait now and then, for a browser or a sandbox: a check fills the gaps.
    at_a_time = 1 + max(1, (os.cpu_count() or 1) // 2)
    with closing(run_at_once(commands, at_a_time, env=environment())) as ended:
        failed = [line for line, code in islice(ended, len(CHECKS)) if code]
        print(f"\nFAILED: {', '.join(failed)}" if failed else "\nAll checks but pytest passed.")
        ((_, code),) = ended
    return FAILED if failed or code else 0


def demo(torch_index: str | None) -> int:
    """Set up, then the instructor's job on the sample submissions."""
    whole_project()
    set_up(set(), torch_index)
    return FAILED if run([f"{BIN / 'autograder'}{EXE}", "demo"], env=environment()) else 0


def site(lessons: list[str] | None, lite: bool, torch_index: str | None) -> int:
    """Set up, then the pages to read: lessons, guides, and the reference of every public name."""
    whole_project()
    set_up({"docs", "lite"} if lite else {"docs"}, torch_index)
    argv = [PYTHON, "-m", "docs.site", *(["--with-lite"] if lite else [])]
    argv += [] if lessons is None else ["--run", *lessons]
    code = run(argv, env=environment())
    return code if code in (0, BAD_COMMAND) else FAILED


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXIT_CODES)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does, example in (
        ("start", "open the first notebook in JupyterLab", "start --no-browser --port 9000"),
        ("test", "run every check and every test", "test -- -k numerics"),
        ("demo", "grade three sample submissions", "demo --torch-index URL"),
        ("site", "build the pages to read, in build/site", "site --run 01_scale_and_zero_point"),
    ):
        about = f"{does}; example: python course.py {example}"
        command = commands.add_parser(name, help=does, description=about, epilog=EXIT_CODES)
        hint = "take torch from this index, for instance PyTorch's CPU wheels (see README)"
        command.add_argument("--torch-index", metavar="URL", help=hint)
        if name == "start":
            command.add_argument("--no-browser", action="store_true", help="only print the address")
            command.add_argument("--port", type=int, help="default: the first free one from 8888")
        if name == "test":
            command.add_argument("pytest_args", nargs="*", help="arguments of pytest, after --")
        if name == "site":
            only = "run the cells of these lessons only; default: all, which takes minutes"
            command.add_argument("--run", nargs="*", metavar="LESSON", help=only)
            lite = "and the lessons that run in a browser, in build/site/lite"
            command.add_argument("--with-lite", action="store_true", help=lite)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    args = parse(argv)
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & set(dir(signal)):  # each stops the child too
        signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        if args.command == "start":
            return start(args.port, not args.no_browser, args.torch_index)
        if args.command == "test":
            return test(args.pytest_args, args.torch_index)
        if args.command == "site":
            return site(args.run, args.with_lite, args.torch_index)
        return demo(args.torch_index)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted: run the same command again and it goes on.\n")
        return INTERRUPTED
    except (Stop, OSError) as error:
        stop = error if isinstance(error, Stop) else trouble(f"Error: {error}")
        sys.stderr.write(f"{stop.args[1]}\n")
        return stop.args[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
