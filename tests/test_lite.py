"""What the site for a browser tab is made of: hashes that are pinned, wheels, the course in one."""

import json
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from docs.lite import LESSONS, LiteError, build
from docs.lite.__main__ import main
from docs.lite.course_modules import left_out, reached
from docs.lite.course_wheel import course_files, pack_course, packages_there, text_of
from docs.lite.pins import FILE, needed, read_pins, sha256
from docs.lite.pyodide_set import copy_set, installed_set
from docs.lite.site import DEPENDS
from docs.lite.wheels import pack, pack_installed
from docs.lite.write_pins import pins_of
from quantlab.lessons.catalogue import of_lesson

ROOT = Path(__file__).parents[1]
PINS = read_pins()


def test_the_installed_set_is_the_one_that_its_authors_published(tmp_path):
    copy_set(installed_set(), tmp_path / "set", PINS)
    assert {file.name for file in (tmp_path / "set").iterdir()} == set(PINS.files)


@pytest.fixture
def small_set(tmp_path):
    """Files of the pinned names, and pins of what they hold."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in PINS.files:
        (folder / name).write_text(name)
    lock = {"info": dict(PINS.info), "packages": {k: dict(v) for k, v in PINS.packages.items()}}
    for entry in lock["packages"].values():
        entry["sha256"] = sha256(folder / entry["file_name"])
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    return folder


def test_pins_say_what_the_published_package_holds(small_set, tmp_path):
    pins = pins_of(small_set)
    assert set(pins.files) == set(PINS.files)
    copy_set(small_set, tmp_path / "copy", pins)
    assert set(PINS.packages) == set(json.loads(FILE.read_text("utf-8"))["packages"])


def test_a_changed_file_is_refused(small_set, tmp_path):
    pins = pins_of(small_set)
    changed = small_set / "pyodide.asm.wasm"
    changed.write_text("something else")
    with pytest.raises(LiteError, match=r"pyodide.asm.wasm is not the file that Pyodide"):
        copy_set(small_set, tmp_path / "copy", pins)


def test_a_set_that_lacks_a_file_is_refused(small_set, tmp_path, capsys):
    (small_set / "python_stdlib.zip").unlink()
    assert main([f"{tmp_path / 'site'}", "--pyodide", f"{small_set}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{small_set} lacks python_stdlib.zip: expected is the whole Pyodide")
    assert not (tmp_path / "site").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(LiteError, match="holds something else"):
        build(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_dependencies_are_followed_to_the_end():
    packages = {"a": {"depends": ["B_c"]}, "b-c": {"depends": ["a", "d"]}, "d": {"depends": []}}
    assert needed(["A"], packages) == ["a", "b-c", "d"]
    assert needed(["d"], packages) == ["d"]


def test_a_packed_wheel_installs_by_pip_and_is_the_same_bytes_again(tmp_path):
    files = {"small/__init__.py": b"ANSWER = 42\n"}
    wheels = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        metadata = "Metadata-Version: 2.4\nName: small\nVersion: 1.0\n"
        wheels.append(pack(folder, "small", "1.0", files, (), metadata))
    assert wheels[0].file.read_bytes() == wheels[1].file.read_bytes()
    assert wheels[0].imports == ("small",)
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--target", f"{target}"]
    subprocess.run([*pip, f"{wheels[0].file}"], check=True)
    assert (target / "small" / "__init__.py").read_bytes() == files["small/__init__.py"]


def test_an_installed_package_is_packed_without_what_is_compiled(tmp_path):
    wheel = pack_installed(tmp_path, "pyyaml")
    names = zipfile.ZipFile(wheel.file).namelist()
    assert "yaml/__init__.py" in names
    assert any("LICENSE" in name for name in names)
    assert not [
        name
        for name in names
        if not name.endswith((".py", "LICENSE")) and ".dist-info/" not in name
    ]
    assert wheel.version == version("pyyaml")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    return pack_course(folder, PINS, LESSONS, [pack_installed(folder, "rich", DEPENDS["rich"])])


def test_the_slim_wheel_holds_these_lessons_and_no_other(course):
    names = zipfile.ZipFile(course.file).namelist()
    rooms = {name.split("/")[2] for name in names if name.startswith("quantlab/lessons/lesson_")}
    assert rooms == {"lesson_00", "lesson_01", "lesson_02"}
    solutions = {name.split("/")[2] for name in names if name.startswith("quantlab/solutions/")}
    assert solutions == set(LESSONS)
    assert not [name for name in names if name.startswith(("quantlab/zoo", "quantlab/methods"))]
    assert "alternatives" not in " ".join(names)
    assert "quantlab/learn/asking/asked_as.yaml" not in names, "it came into course_text.json"


def test_ask_finds_passages_of_these_lessons_alone():
    pages = json.loads(text_of(LESSONS))["pages"]
    assert [page["notebook"] for page in pages] == list(LESSONS)


def test_the_modules_are_those_that_a_lesson_can_import():
    there = packages_there()
    found = reached(LESSONS, there)
    for reason, name in {
        "by a lazy name": "quantlab.learn.quiz_widget",
        "by a name in a string": "quantlab.lessons.catalogue",
        "inside of a function": "quantlab.learn.doctor",
        "as an exercise": "quantlab.lessons.lesson_02.exercises.bytes_of_a_layer",
        "by a dot after its package": "quantlab.numerics.differences",
        "as what another one stands on": "quantlab.numerics.size_report",
    }.items():
        assert name in found, reason
    for reason, name in {
        "only for types": "quantlab.numerics.observers",
        "asked for by nobody": "quantlab.numerics.ops",
        "stands on what is not there": "quantlab.lessons.lesson_02.material.roofline",
        "another room": "quantlab.deploy",
        "another lesson": "quantlab.lessons.lesson_03",
    }.items():
        assert name not in found, reason
        assert name in left_out(found)
    assert "quantlab.deploy.latency" not in left_out(found)  # its package is lost
    assert found - reached(LESSONS, there - {"ipywidgets"}) >= {
        "quantlab.learn.quiz_widget",
        "quantlab.lessons.lesson_02.explorer",
    }


def test_the_slim_wheel_stays_slim(course):
    """292 kB with lesson 02: what does not fit any more is looked at before it goes in."""
    assert course.file.stat().st_size <= 300_000


RUN = """
import json, sys
from pathlib import Path

for name in ("jupytext", "nbformat", "onnx", "onnxruntime", "psutil", "torch"):
    sys.modules[name] = None
own, sys.platform = sys.platform, "emscripten"
import quantlab.base.browser  # it asks what it is in
sys.platform = own
from quantlab.learn import ask, check, solution
from quantlab.learn.reference import solution_code
from quantlab.lessons.catalogue import all_exercises

said = {"where": quantlab.__file__, "errors": [], "headings": {}}
for notebook in sys.argv[1:]:
    for cell in json.loads(Path(notebook).read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            try:
                exec("".join(cell["source"]))
            except Exception as error:
                said["errors"].append([type(error).__name__, error.name])
for exercise in all_exercises():
    exec(solution_code(exercise))
    said["headings"][exercise.id] = check(exercise.id).heading.split(" — ")[0]
said["found"] = bool(ask("why is the zero_point not clamped?").to_dict()["passages"])
print(json.dumps(said))
"""


def test_the_slim_wheel_runs_the_lessons_without_torch_and_onnx(tmp_path):
    """In a Python that refuses them: every cell, a check of every solution, `ask`."""
    for name, content in course_files(LESSONS):
        file = tmp_path / "quantlab" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    env = {"PYTHONPATH": f"{tmp_path}", "QUANTLAB_HOME": f"{tmp_path / 'home'}"}
    notebooks = [f"{ROOT / 'notebooks' / name / name}.ipynb" for name in LESSONS]
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *notebooks],
        cwd=tmp_path,
        env=env | {"MPLBACKEND": "agg", "MPLCONFIGDIR": f"{tmp_path}"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    assert Path(said["where"]).is_relative_to(tmp_path)
    assert said["found"]
    written = {e.id for lesson in (0, 1, 2) for e in of_lesson(lesson) if e.rubric}
    for id, heading in said["headings"].items():
        assert heading.startswith("Not judged here" if id in written else "Correct"), id
    assert {*said["headings"]} == {e.id for lesson in (0, 1, 2) for e in of_lesson(lesson)}
    missing = [name for kind, name in said["errors"] if kind == "ModuleNotFoundError"]
    lost = "quantlab.lessons.lesson_02.material.computed_times"
    assert missing == [lost, "onnx", "onnxruntime.quantization"]
    assert {kind for kind, _ in said["errors"]} == {"ModuleNotFoundError", "NameError"}
