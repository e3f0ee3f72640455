"""Train a network of the zoo: `python -m quantlab.zoo.train NAME`."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from quantlab.base.progress import counting
from quantlab.zoo.train.card import evaluate_and_describe, write_card
from quantlab.zoo.train.curve import save_curve, sparkline
from quantlab.zoo.train.loop import Progress, Training, pick_device
from quantlab.zoo.train.memory import keep_freed_memory
from quantlab.zoo.train.tasks import TASKS
from quantlab.zoo.weights import save_weights

FAILED, INTERRUPTED = 1, 130
#: Seconds between two lines of progress where stderr is no terminal.
LINE_EVERY = 60.0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m quantlab.zoo.train",
        description="Train a network of the zoo from nothing, on streets drawn for it, and measure "
        "it on the test split. The folder receives NAME.safetensors, NAME.json and NAME.md (the "
        "model card), NAME-loss.png and checkpoint.pt.",
        epilog="example: python -m quantlab.zoo.train classifier --out my-classifier",
    )
    command.add_argument("name", choices=sorted(TASKS), help="which network")
    command.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps (default: the fastest there is)"
    )
    command.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the folder"
    )
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where the results go (default: trained/NAME)"
    )
    command.add_argument(
        "--pictures", type=int, metavar="N", help="learn from N pictures only: a rehearsal"
    )
    return command


def main(argv: list[str] | None = None) -> int:
    """0: trained and measured. 1: one sentence on stderr. 130: interrupted, --resume goes on."""
    args = parser().parse_args(argv)
    folder = args.out or Path("trained", args.name)
    try:
        training = _prepared(args, folder)
        _train(training, folder / "checkpoint.pt", args.name)
        _finish(training, folder, args.name)
    except KeyboardInterrupt:
        print(
            f"\nInterrupted; what was learned is kept in {folder}. Go on with: python -m "
            f"quantlab.zoo.train {args.name} --resume --out {folder}",
            file=sys.stderr,
        )
        return INTERRUPTED
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return FAILED
    return 0


def _prepared(args: argparse.Namespace, folder: Path) -> Training:
    """The training at its start or where it was left."""
    device = pick_device(args.device)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists() != args.resume:
        raise ValueError(
            f"{folder} holds an earlier training: go on with --resume, or name another folder with "
            "--out."
            if checkpoint.exists()
            else f"There is no checkpoint in {folder}: leave --resume out, or name the folder of "
            "the training with --out."
        )
    task = TASKS[args.name]
    recipe = replace(task.recipe, pictures=args.pictures) if args.pictures else task.recipe
    if recipe.steps < 1:
        raise ValueError(
            f"--pictures is {args.pictures}, but one step takes {recipe.batch}: give that or more."
        )
    folder.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    training = Training(task, recipe, device)
    # Cores that have a part of the batch of their own do not share in another's.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // training.parts))
    if args.resume:
        training.restore(checkpoint)
    return training


def _train(training: Training, checkpoint: Path, name: str) -> None:
    if not sys.stderr.isatty():  # a log file keeps every line, and a bar is none
        training.run(checkpoint, _in_lines(name, training.recipe.steps))
        return
    steps, start = training.recipe.steps, training.progress.step
    with counting(name, steps, shown=True, start=start) as done:
        training.run(
            checkpoint,
            lambda seen: done(f"loss {seen.recent_loss:.3f}  {sparkline(seen.losses)}"),
        )


def _in_lines(name: str, steps: int) -> Callable[[Progress], None]:
    """What shows progress as a line a minute, and one for the last step."""
    shown = float("-inf")

    def show(progress: Progress) -> None:
        nonlocal shown
        if progress.step == steps or time.monotonic() - shown >= LINE_EVERY:
            shown = time.monotonic()
            left = (steps - progress.step) * progress.seconds / progress.step / 60
            print(
                f"{name} {progress.step:,} of {steps:,} steps, {left:.0f} min left, loss "
                f"{progress.recent_loss:.3f}",
                file=sys.stderr,
                flush=True,
            )

    return show


def _finish(training: Training, folder: Path, name: str) -> None:
    """Weights, curve and card; measured on the test split, which nothing was chosen by."""
    model = training.finished()
    save_curve(training.progress.losses, folder / f"{name}-loss.png", name)
    sha256 = save_weights(folder / f"{name}.safetensors", model)
    card = evaluate_and_describe(name, model, training, sha256)
    write_card(folder, name, card)
    print(f"{folder / name}.md")


if __name__ == "__main__":
    sys.exit(main())
