"""The course root and the lessons are found from wherever a learner stands."""

import pytest

from quantlab.learn.course import (
    CourseNotFoundError,
    course_root,
    find_lesson,
    lesson_number,
    lessons_in,
)


@pytest.fixture
def course(tmp_path, monkeypatch):
    root = tmp_path / "course"
    for name in ("00_start_here", "01_scale_and_zero_point", "quick_test"):
        folder = root / "notebooks" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text("{}")
    (root / "notebooks" / "01_scale_and_zero_point" / "scratch.ipynb").write_text("{}")
    (root / "pyproject.toml").write_text("")
    monkeypatch.chdir(root)
    return root


def test_the_root_is_found_from_inside(course, monkeypatch):
    assert course_root() == course
    monkeypatch.chdir(course / "notebooks" / "quick_test")
    assert course_root() == course


def test_elsewhere_the_package_leads_to_its_own_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (course_root() / "quantlab" / "learn" / "course.py").is_file()


def test_no_root_is_one_sentence(tmp_path):
    with pytest.raises(CourseNotFoundError, match=r"No QuantLab course at .* holds `notebooks`"):
        course_root(tmp_path)


@pytest.mark.parametrize("name", ["1", "01", "01_scale", "01_scale_and_zero_point"])
def test_a_lesson_by_number_or_name(course, name):
    lesson = find_lesson(name)
    assert (lesson.name, lesson.number) == ("01_scale_and_zero_point", 1)
    assert lesson.path == course / "notebooks" / lesson.name / "01_scale_and_zero_point.ipynb"


def test_a_notebook_without_a_number(course):
    assert find_lesson("quick").number is None
    assert lesson_number("quick_test") is None
    assert [lesson.name for lesson in lessons_in(course / "notebooks")] == [
        "00_start_here",
        "01_scale_and_zero_point",
        "quick_test",
    ]


def test_a_copy_in_the_current_folder_comes_first(course, tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    (own / "01_mine.ipynb").write_text("{}")
    monkeypatch.chdir(own)
    assert find_lesson("1").path == own / "01_mine.ipynb"


def test_notebooks_without_a_course_around_them(tmp_path, monkeypatch):
    # What a class receives: the notebooks folder alone.
    folder = tmp_path / "handed out" / "notebooks" / "01_x"
    folder.mkdir(parents=True)
    (folder / "01_x.ipynb").write_text("{}")
    monkeypatch.chdir(folder.parents[1])
    assert find_lesson("1").path == folder / "01_x.ipynb"


def test_an_unknown_lesson_says_which_there_are(course):
    with pytest.raises(CourseNotFoundError, match=r'no lesson "7".*00_start_here, .*quick_test\.'):
        find_lesson("7")
    with pytest.raises(CourseNotFoundError, match='no lesson ""'):
        find_lesson("")


def test_an_empty_course_says_so(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "course.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseNotFoundError, match="holds no notebook at all"):
        find_lesson("1")
