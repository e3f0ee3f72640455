"""The links of an answer, clicked: they open the lesson beside the notebook, at the passage."""

from .conftest import end_kernels, errors, open_notebook, run_cell

NAME = "00_start_here"
HEADING = "How many pictures?"
IN_SIGHT = """heading => {
    const box = heading.getBoundingClientRect();
    const around = heading.closest('.jp-WindowedPanel-outer').getBoundingClientRect();
    return box.height > 0 && box.top >= around.top && box.bottom <= around.bottom;
}"""


def test_a_link_opens_the_lesson_and_leads_to_the_passage(page, classroom):
    folder, address = classroom
    notebook = folder / "notebooks" / NAME / f"{NAME}.ipynb"
    before = notebook.read_bytes()
    open_notebook(page, address, NAME)
    cell = page.locator(".jp-CodeCell").first
    run_cell(
        page, cell, f'from quantlab.learn import ask\n\nask("{HEADING} are enough to calibrate")'
    )
    said = page.locator("#quantlab-said")
    said.get_by_text(f"Lesson 04 · Calibration → {HEADING}").wait_for(state="attached")
    assert cell.get_by_text("click once more").count() == 0
    link = cell.get_by_role("link", name=f"Lesson 04 · Calibration → {HEADING}")
    link.click()
    tabs = page.locator(".lm-DockPanel .lm-TabBar-tab")
    lesson = tabs.filter(has_text="04_calibration")
    lesson.wait_for()
    heading = page.locator("h3:visible", has_text=HEADING)
    heading.wait_for()
    page.wait_for_function(IN_SIGHT, arg=heading.element_handle())
    assert errors(page) == []
    end_kernels(address)
    notebook.write_bytes(before)
