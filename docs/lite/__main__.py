"""Write the lessons for a browser tab: python -m docs.lite FOLDER"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from docs.lite import LiteError, build

EPILOG = """example: python -m docs.lite build/site/lite; then serve that folder, for instance by
python -m http.server -d build/site/lite. Exit 0 when it is written, 1 when it cannot be."""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.lite", description=__doc__, epilog=EPILOG)
    parser.add_argument("folder", type=Path, help="is replaced if this command wrote it")
    parser.add_argument("--pyodide", type=Path, metavar="FOLDER", help="an unpacked Pyodide")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    args = parser.parse_args(argv)
    try:
        built = build(args.folder, args.pyodide)
    except (LiteError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(vars(built), default=str) if args.json else built)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
