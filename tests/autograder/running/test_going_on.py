"""What is not here costs its own line, and an error that would stop at home stops here too."""

import pytest

from autograder.running.sandbox import sandbox
from autograder.running.settings import Settings
from autograder.running.student import Student


@pytest.fixture(scope="module")
def student():
    with Student(sandbox("bubblewrap"), Settings(cell_seconds=10)) as student:
        yield student


@pytest.mark.parametrize(
    "cell",
    [
        "from google.colab import drive\ndrive.mount('/content/drive')\nfound = 7",
        "%matplotlib widget\n%autosave 60\nfound = 7",
        "%run mine_at_home.py\n%load_ext nobody_has_this\n@staticmethod\ndef f():\n"
        "    return 7\nfound = f()",
        "import nowhere as n\nmade = n.make()\nmade.more()\n\nfound = 7",
        "import asyncio, nowhere\nawait asyncio.sleep(0)\nfound = 7",
    ],
)
def test_what_stands_below_a_line_of_elsewhere_is_run(student, cell):
    student.run_cell("found = None")
    shown = student.run_cell(cell).outputs
    assert student.run_cell("print(found)").printed.strip() == "7"
    assert "ename" in shown[0]  # and it is said that the line did not work


@pytest.mark.parametrize(
    "cell",
    [
        "1 / 0\nfound = 7",
        "import math\nmath.nothing\nfound = 7",
        "import nowhere\nother_name\nfound = 7",
        "%%time\n1 / 0\nfound = 7",
        "found = 7 +",
    ],
)
def test_an_error_of_the_code_itself_ends_the_cell(student, cell):
    student.run_cell("found = None")
    student.run_cell(cell)
    assert student.run_cell("print(found)").printed.strip() == "None"


def test_a_statement_runs_once(student):
    student.run_cell("times = []\nimport nowhere\ntimes.append(1)\nimport nowhere\ntimes.append(2)")
    assert student.run_cell("print(times)").printed.strip() == "[1, 2]"


def test_a_cell_that_takes_the_output_away_ends_no_later_cell(student):
    student.run_cell("import sys\nsys.stdout = sys.stderr = None")
    assert student.run_cell("print(6 * 7)").printed.strip() == "42"
