"""Builds the reading site from the lessons, the guides and the code; it needs no network."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from docs.site.lesson_runs import ROOT, LessonFault, lesson_names, lesson_runs, run_missing

DONE, FAULT, MISSING, INTERRUPTED = 0, 1, 3, 130
EPILOG = """example: python -m docs.site --run 00_start_here 01_scale_and_zero_point

A lesson runs once; its outputs are kept until the lesson, the library or a pinned version changes.

exit codes: 0 built; 1 a lesson does not run or a page has a fault; 2 bad command line; 3 a package
is missing; 130 interrupted"""
#: What the pages are made with, by the names of their imports.
NEEDED = ("sphinx", "myst_nb", "numpydoc", "pydata_sphinx_theme")


#: Builds the lessons for a browser into a site's folder, and says which.
Lite = Callable[[Path], Sequence[str]]


class Stop(Exception):
    """An expected failure; its arguments: exit code, one sentence that says what to do."""


def build(names: Sequence[str], folder: Path, lite: Lite | None = None) -> Path:
    """Run the lessons in `names` where needed, then write the site, anew, into folder/site.

    folder   what is kept between builds lies there, too.
    lite     puts the lessons that run in a browser into site/lite and returns their names.
    """
    from docs.site.ask_page import DATA, ask_data
    from docs.site.html import write_html
    from docs.site.pages import write_sources

    site, sources = folder / "site", folder / "site-sources"
    runs = lesson_runs(names, folder / "site-runs")
    run_missing(runs)
    print("Writing the pages …", flush=True)
    shutil.rmtree(site, ignore_errors=True)
    in_browser = lite(site) if lite else ()
    write_sources(sources, {run.name: run.kept for run in runs}, in_browser)
    if not write_html(sources, site, folder / "site-doctrees"):
        raise Stop(FAULT, "Pages have faults: mend what is named above and build again.")
    (site / "_static" / DATA).write_text(ask_data(), encoding="utf-8")
    return site


def build_lite(site: Path) -> Sequence[str]:
    """Put the lessons that run in a browser into site/lite; returns their names."""
    if importlib.util.find_spec("docs.lite") is None:
        raise Stop(MISSING, "docs/lite is not in this copy: build the site without --with-lite.")
    lite = importlib.import_module("docs.lite")
    try:
        print(lite.build(site / "lite"))
    except lite.LiteError as fault:
        raise Stop(MISSING, str(fault)) from None
    names: Sequence[str] = lite.LESSONS
    return names


def parse(argv: Sequence[str]) -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m docs.site", description=__doc__, epilog=EPILOG, formatter_class=form
    )
    parser.add_argument(
        "--run",
        nargs="*",
        metavar="LESSON",
        choices=lesson_names(),
        default=lesson_names(),
        help="run only these; the others show their text and their code",
    )
    parser.add_argument(
        "--with-lite", action="store_true", help="and lessons that run in a browser"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    args = parse(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    try:
        if missing:
            cure = "run `python course.py site`, or `pip install -e .[docs]`."
            raise Stop(MISSING, f"The site needs {', '.join(missing)}: {cure}")
        site = build(args.run, ROOT / "build", build_lite if args.with_lite else None)
    except KeyboardInterrupt:
        print("\nInterrupted: what has been run is kept.", file=sys.stderr)
        return INTERRUPTED
    except LessonFault as fault:
        print(fault, file=sys.stderr)
        return FAULT
    except Stop as stop:
        print(stop.args[1], file=sys.stderr)
        return int(stop.args[0])
    print(f"The site is at {site / 'index.html'}")
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
