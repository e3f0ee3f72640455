"""The `quantlab` command: start, ask, status, check, progress, reset, doctor, record, report.

Every subcommand says its exit codes in `--help`. Modules are loaded when a command needs them, so
that `quantlab --help` is there at once; torch is loaded by what reads a model.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantlab.learn import can_quantize_command
from quantlab.learn.asking import command as ask_command
from quantlab.learn.console import console, waiting
from quantlab.learn.record import command as record_command

if TYPE_CHECKING:
    from quantlab.learn.course import LessonNotebook
    from quantlab.learn.run_notebook import NotebookRun

OK, NOT_ALL, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. A usage error exits with 2, as argparse does."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()  # what a pipe's buffer still holds is written, or refused, here
        return code
    except BrokenPipeError:  # the reader of `quantlab status | head` has gone: not an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return _sentence("Stopped, and everything that was started is shut down.", INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quantlab",
        description="The QuantLab course: learn, see your progress, check a lesson.",
        epilog=f"Questions? quantlab {ask_command.EXAMPLE}",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    start = _command(commands, "start", "open JupyterLab on a lesson", "start 01", _start)
    start.epilog += ". JupyterLab listens on 127.0.0.1 only. Exit 0 when it ends, 2 for no lesson."
    start.add_argument("lesson", nargs="?", default="00", help='"01", its name, or "quick_test"')
    start.add_argument("--no-browser", action="store_true", help="print the address only")
    start.add_argument("--port", type=int, help="this port and no other (default: a free one)")

    sentence = "find where the course answers a question"
    ask = _command(commands, "ask", sentence, ask_command.EXAMPLE, ask_command.show_answer)
    ask.epilog += ask_command.EPILOG
    ask_command.add_arguments(ask)

    status = _command(commands, "status", "show what is done and what is next", "status", _status)
    status.epilog += ". Exit 0."
    status.add_argument("--json", action="store_true", help="machine-readable")

    progress = commands.add_parser("progress", help="export your progress")
    exports = progress.add_subparsers(metavar="COMMAND", required=True)
    example = "progress export progress.json"
    export = _command(exports, "export", "write your progress to a JSON file", example, _export)
    export.epilog += ". Exit 0, or 2 when the file cannot be written."
    export.add_argument("file", type=Path, metavar="FILE.json", help="is replaced if it exists")
    help = "only what helps to improve the exercises: no name, no time, no code"
    export.add_argument("--for-items", action="store_true", help=help)

    reset = _command(commands, "reset", "forget one exercise or quiz", "reset 1.2", _reset)
    reset.epilog += ". Exit 0, or 2 for an unknown id."
    reset.add_argument("id", help='an exercise such as "1.2" or a quiz such as "quick_test"')

    doctor = _command(commands, "doctor", "test this installation", "doctor", _doctor)
    doctor.epilog += ". Exit 0, or 1 when a line is a problem."
    doctor.add_argument("--json", action="store_true", help="machine-readable")

    check = _command(commands, "check", "run and check a whole notebook", "check 01", _check)
    check.epilog += (
        ". Runs your notebook in a fresh kernel; the file stays as it is. Exit 0 when every answer "
        "is right (a written one: is there), 1 when not all are, 2 when there is no such notebook."
    )
    check.add_argument("lesson", metavar="NN", help='"01", its name, or "quick_test"')
    check.add_argument("--notebook", type=Path, metavar="FILE", help="this file instead")
    check.add_argument("--json", action="store_true", help="machine-readable")
    check.add_argument("--cell-seconds", type=int, default=120, help="limit a cell (120)")

    sentence = "record your own model or data: FP32 beside INT8"
    record = _command(commands, "record", sentence, record_command.EXAMPLE, _record)
    record.epilog += record_command.EPILOG
    record_command.add_arguments(record, "record")
    sentence = "a model file and a folder of images: FP32 beside INT8 on one page"
    report = _command(commands, "report", sentence, record_command.REPORT, _record)
    report.epilog += record_command.EPILOG
    record_command.add_arguments(report, "report")
    can_quantize_command.add_command(commands)
    return parser


def _command(commands: Any, name: str, help: str, example: str, run: Any) -> Any:
    sentence = help[0].upper() + help[1:] + "."
    parser = commands.add_parser(
        name, help=help, description=sentence, epilog=f"Example: quantlab {example}"
    )
    parser.set_defaults(run=run)
    return parser


def _start(args: argparse.Namespace) -> int:
    from quantlab.learn.course import CourseNotFoundError, find_lesson

    try:
        lesson = find_lesson(args.lesson)
    except CourseNotFoundError as error:
        return _sentence(str(error))
    if args.port is not None and not _free(args.port):
        return _sentence(f"Port {args.port} is taken or not allowed: choose another with --port.")

    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(argv=lab_arguments(lesson, args.port, browser=not args.no_browser))
    return OK


def lab_arguments(lesson: LessonNotebook, port: int | None, *, browser: bool) -> list[str]:
    """JupyterLab's command line for one lesson: loopback only, the lesson's notebook in front.

    Its root is the notebooks folder: the solutions lie beside it and should be opened on purpose.
    """
    in_own_folder = lesson.path.parent.name == lesson.name
    root = lesson.path.parent.parent if in_own_folder else lesson.path.parent
    page = lesson.path.relative_to(root).as_posix()
    arguments = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{page}",
        # Neither a question nor a request about Jupyter's news and updates.
        f"--LabApp.app_settings_dir={Path(__file__).with_name('jupyterlab')}",
        "--Application.log_level=ERROR",  # the address stands out, and is printed still
    ]
    if port is not None:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        arguments.append("--no-browser")
    if getattr(os, "geteuid", lambda: 1)() == 0:  # containers run as root, and Jupyter refuses that
        arguments.append("--allow-root")
    return arguments


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _status(args: argparse.Namespace) -> int:
    from quantlab.learn.progress import open_progress
    from quantlab.learn.status import status
    from quantlab.lessons.catalogue import all_exercises

    progress = open_progress()
    now = status(progress, all_exercises())
    if args.json:
        _json(now.to_dict())
    else:
        from quantlab.learn.tables import show_status

        show_status(console(), now)
    return _notice(progress)


def _export(args: argparse.Namespace) -> int:
    from quantlab.learn.export import write_export
    from quantlab.learn.progress import open_progress

    progress = open_progress()
    try:
        print(write_export(progress, args.file, only_for_items=args.for_items))
    except OSError as error:
        return _sentence(f"Cannot write {args.file} ({error.strerror}): choose another place.")
    return _notice(progress)


def _reset(args: argparse.Namespace) -> int:
    from quantlab.learn.progress import open_progress
    from quantlab.lessons.catalogue import find

    progress = open_progress()
    known = {*progress.quiz_ids(), *progress.standings(), *progress.choices.all()}
    if args.id not in known:
        try:
            find(args.id)
        except KeyError as error:
            return _sentence(error.args[0])
    removed = progress.reset(args.id)
    if removed:
        print(f"Removed {removed} row{'s' if removed > 1 else ''} of {args.id}: it is new again.")
    else:
        print(f"There was nothing to remove: {args.id} is new.")
    return _notice(progress)


def _doctor(args: argparse.Namespace) -> int:
    from quantlab.learn.doctor import diagnose

    with waiting("Trying everything once: some ten seconds …"):
        lines = diagnose()
    if args.json:
        _json([line.to_dict() for line in lines])
    else:
        from quantlab.learn.tables import show_diagnosis

        show_diagnosis(console(), lines)
    return NOT_ALL if any(line.status == "problem" for line in lines) else OK


def _check(args: argparse.Namespace) -> int:
    from quantlab.learn.course import CourseNotFoundError, find_lesson, lesson_number
    from quantlab.learn.notebook_results import results
    from quantlab.learn.run_notebook import NotebookError
    from quantlab.lessons.catalogue import of_lesson

    if args.cell_seconds < 1:
        return _sentence(f"--cell-seconds {args.cell_seconds}: a cell needs 1 second or more.")
    try:
        path = args.notebook or find_lesson(args.lesson).path
        number = lesson_number(args.lesson) if args.notebook else lesson_number(path.stem)
        run = _run_with_progress(path, args.cell_seconds)
    except (CourseNotFoundError, NotebookError) as error:
        return _sentence(str(error))
    lines = results(run, () if number is None else of_lesson(number))
    if not lines:
        return _sentence(f"{path} has no checks: nothing to say about it.")
    right = all(line.fine for line in lines)
    if args.json:
        _json({"notebook": str(path), "right": right, "exercises": [r.to_dict() for r in lines]})
    else:
        from quantlab.learn.tables import show_results

        show_results(console(), path.name, lines)
    return OK if right else NOT_ALL


def _record(args: argparse.Namespace) -> int:
    try:
        return OK if record_command.record(args) else NOT_ALL
    except (OSError, ValueError, TypeError) as error:
        return _sentence(str(error))


def _run_with_progress(path: Path, cell_seconds: int) -> NotebookRun:
    """Run the notebook, the cell that is on shown on stderr."""
    from quantlab.learn.run_notebook import run_notebook

    shell = console(stderr=True)
    with shell.status("Starting a fresh kernel …") as shown:
        if not shell.is_terminal:
            shell.print(f"Running {path} in a fresh kernel.", highlight=False, soft_wrap=True)
        return run_notebook(
            path,
            cell_seconds=cell_seconds,
            on_cell=lambda position, total: shown.update(f"Cell {position + 1} of {total}"),
        )


def _json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _sentence(text: str, code: int = USAGE) -> int:
    print(text, file=sys.stderr)
    return code


def _notice(progress: Any) -> int:
    """Say once, on stderr, what happened to the progress file; the command itself went well."""
    if notice := progress.notice:
        print(notice, file=sys.stderr)
    return OK
