"""Three people, one hub, one lesson: from release to feedback, by the files and lines of docs/.

Real accounts, a real hub and its proxy, a server each, the exchange, the sandbox. Ada works in a
browser; Ben's steps go to his own server over HTTP; Ida types what docs/class.md says. What they
must not do, they try. The machine is a set of namespaces: nothing of it is left afterwards.
"""

import base64
import json
import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from autograder.samples import LESSON, reference_answers
from tests.browser.conftest import free_port, menu, run_cell, wait_for_kernel
from tests.support import hub as support
from tests.support.hub import PASSWORD, ROOT, Person, commands, type_as_root, wait_for

NAMES = ("ida", "ada", "ben")
EXCHANGE = "/srv/nbgrader/exchange/quantlab"
PLACE = {"course_id": "quantlab", "assignment_id": LESSON}
NOTEBOOK = f"{LESSON}/{LESSON}.ipynb"
SAMPLE = ROOT / "autograder" / "samples" / "ben_half" / NOTEBOOK
ROSTER = "id,first_name,last_name,email,lms_user_id\nada,Ada,King,,\nben,Ben,Lee,,\n"
#: A terminal of Ida's server, whose environment's programs come first.
TERMINAL = "export PATH=/srv/instructors/.venv/bin:$PATH;"


@pytest.fixture(scope="module")
def machine(namespaces, proxy, bubblewrap):
    with support.machine() as made:
        made.env["PATH"] = f"{proxy.parent}:{made.env['PATH']}"
        yield made


@pytest.fixture(scope="module")
def hub(machine, tmp_path_factory):
    """The hub's address. The lines of the page set it up, and the last of them started it."""
    *lines, last = (
        line
        for heading in ("Two environments", "Accounts", "Exchange and hub")
        for line in commands("hub/one_machine.md", heading)
    )
    for line in lines:
        type_as_root(machine, line)
    machine.root(
        "chpasswd", given="".join(f"{name}:{PASSWORD}\n" for name in ("ida", "ada", "ben"))
    )
    # The only words that are not the page's: ports that are free on this machine.
    address, inner, control = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    ports = [f"--JupyterHub.bind_url={address}", f"--JupyterHub.hub_bind_url={inner}"]
    ports += [f"--ConfigurableHTTPProxy.api_url={control}"]
    log = tmp_path_factory.mktemp("hub") / "hub.log"
    with log.open("wb") as said:
        words = machine.words(*last.split(), *ports)
        with subprocess.Popen(words, env=machine.env, stdout=said, stderr=said) as running:
            try:
                wait_for(address, running, log)
                yield address
            finally:
                running.terminate()


@pytest.fixture(scope="module")
def people(hub):
    """Ida, Ada and Ben, each with a server of their own."""
    there = {name: Person(hub, name) for name in NAMES}
    for person in there.values():
        person.start()
    for person in there.values():
        person.ready()
    return there


@pytest.fixture(scope="module")
def log_in(hub, people, browser):
    """Log in with the form, as a browser of one's own; the page then shows JupyterLab."""
    pages = []

    def page_of(name):
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        pages.append(page)
        page.set_default_timeout(180_000)  # a busy machine takes minutes for what takes seconds
        page.goto(hub)
        page.locator("#username_input").fill(name)
        page.locator("#password_input").fill(PASSWORD)
        page.locator("#login_submit").click()
        page.wait_for_url(f"{hub}/user/{name}/lab**")
        page.locator(".jp-DirListing-content").first.wait_for()
        return page

    yield page_of
    for page in pages:
        page.context.close()


@pytest.fixture(scope="module")
def lines():
    """What Ida types: before her students work, and after."""
    typed = commands("class.md", "In a hub")
    after = next(i for i, line in enumerate(typed) if line.startswith("autograder collect"))
    return typed[:after], typed[after:]


@pytest.fixture(scope="module")
def released(machine, hub, lines):
    machine.path("/home/ida/roster.csv").write_text(ROSTER)
    for line in lines[0]:
        machine.user("ida", TERMINAL + line)


@dataclass(frozen=True)
class HandedIn:
    """Ada's page, and what the check of her one answer said."""

    page: object
    card: str


@pytest.fixture(scope="module")
def handed_in(released, people, log_in):
    """Ada's first exercise, solved and submitted in a browser; Ben's half of a lesson."""
    ben = people["ben"]
    for step, answer in (("fetch", None), ("submit", SAMPLE)):
        if answer:
            model = {"type": "notebook", "content": json.loads(answer.read_text("utf-8"))}
            address = f"{ben.server}/api/contents/{NOTEBOOK}"
            ben.ask("PUT", address, json=model).raise_for_status()
        ben.ask("POST", f"{ben.server}/assignments/{step}", params=PLACE).raise_for_status()

    page = log_in("ada")
    menu(page, "Nbgrader", "Assignment List")
    page.locator("#released_assignments_list button", has_text="Fetch").click()
    fetched = page.locator("#fetched_assignments_list")
    fetched.locator(".assignment-notebooks-link").click()
    page.locator(f"#nbgrader-quantlab-{LESSON}").get_by_text(LESSON).click()
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    wait_for_kernel(page)
    cells = page.locator(".jp-CodeCell")
    run_cell(page, cells.first)
    answer = reference_answers(ROOT)["exercise-1-1"][1]
    run_cell(page, cells.filter(has_text=answer.partition(" =")[0]).first, answer)
    check = cells.filter(has_text='check("1.1")').first
    run_cell(page, check)
    card = check.locator(".jp-OutputArea-output").first.inner_text()
    with page.expect_response(lambda r: r.request.method == "PUT" and NOTEBOOK in r.url):
        page.keyboard.press("Control+s")
    page.locator(".lm-TabBar-tab", has_text="Assignments").click()
    fetched.locator("button", has_text="Submit").click()
    page.locator("#submitted_assignments_list .list_item").first.wait_for()
    return HandedIn(page, card)


@pytest.fixture(scope="module")
def graded(machine, handed_in, lines):
    """Each student's record, and what the commands said, one after the other."""
    said = [machine.user("ida", TERMINAL + line) for line in lines[1]]
    records = machine.path("/home/ida/course/records").glob("*/*.json")
    read = [json.loads(path.read_text("utf-8")) for path in records]
    return {record["student"]: record for record in read}, said


def test_a_check_in_a_graded_class_says_what_can_be_said(handed_in):
    assert "Written, and not judged here — 1.1" in handed_in.card
    assert "right and wrong, and the points, are said then" in " ".join(handed_in.card.split())


def test_the_class_is_graded_in_the_sandbox(graded):
    records, (collected, *_) = graded
    assert "2 new" in collected
    assert "Not in the roster" not in collected
    assert sorted(records) == ["ada", "ben"]
    for record in records.values():
        assert (record["verdict"], record["isolation"]) == ("graded", "bubblewrap")
        assert record["notes"] == []
        assert record["handed_in"]
    points = {e["id"]: e["points"] for e in records["ada"]["exercises"]}
    assert points["1.1"] == 3
    assert sum(p for id, p in points.items() if id != "1.1" and p) == 0
    assert records["ben"]["score"] > records["ada"]["score"]


def test_a_submission_lies_under_a_name_that_nobody_guesses(machine, handed_in):
    names = [path.name for path in machine.path(f"{EXCHANGE}/inbound").iterdir()]
    assert sorted(name.partition("+")[0] for name in names) == ["ada", "ben"]
    secrets = [base64.urlsafe_b64decode(name.rpartition("+")[2]) for name in names]
    assert [len(secret) for secret in secrets] == [9, 9]


def test_each_student_reads_their_own_feedback(graded, handed_in, people, machine):
    page = handed_in.page
    submitted = page.locator("#submitted_assignments_list")
    submitted.locator("button", has_text="Fetch Feedback").click()
    submitted.get_by_text("view feedback").click()
    page.locator(".jp-DirListing-item", has_text=".html").dblclick()
    shown = page.frame_locator("iframe")
    shown.get_by_text("1.1 · One range on paper").first.wait_for()
    assert "Correct" in shown.locator("body").inner_text()

    ben = people["ben"]
    ben.ask("POST", f"{ben.server}/assignments/fetch_feedback", params=PLACE).raise_for_status()
    (path,) = machine.path("/home/ben").glob(f"{LESSON}/feedback/*/*.html")
    place = path.relative_to(machine.path("/home/ben")).as_posix()
    read = ben.ask("GET", f"{ben.server}/api/contents/{place}").json()["content"]
    (told,) = machine.path(f"/home/ida/course/feedback/ben/{LESSON}").glob("*.html")
    assert read == told.read_text("utf-8")
    assert "ada" not in re.findall(r"[a-z]+", read)


def test_nobody_opens_anothers_server(hub, people, log_in):
    address = "{}/api/contents"
    for name, person in people.items():
        for other in people.values():
            said = person.ask("GET", address.format(other.server))
            assert said.status_code == (200 if other is person else 403), (name, other.name)
    page = log_in("ben")
    assert page.goto(people["ada"].server + "/lab").status == 403
    assert "You do not have permission" in page.locator("body").inner_text()
    assert requests.get(address.format(people["ada"].server)).status_code == 403
    wrong = requests.Session()
    wrong.get(f"{hub}/hub/login")
    form = {"username": "ada", "password": "guessed", "_xsrf": wrong.cookies.get("_xsrf")}
    assert wrong.post(f"{hub}/hub/login", form).status_code == 403


@pytest.mark.parametrize(
    "line",
    [
        "ls /home/ada",
        "ls /home/ida",
        f"ls {EXCHANGE}/inbound",
        "ls /srv/instructors",
        "ls /srv/jupyterhub",
        "ls /mnt",
        "touch /srv/students/.venv/mine",
        "mv /srv/nbgrader/exchange/quantlab /srv/nbgrader/exchange/mine",
        f"touch {EXCHANGE}/outbound/mine",
        "/srv/students/.venv/bin/python -c 'import autograder'",
        "/srv/students/.venv/bin/python -c 'import quantlab.lessons.lesson_01.exercises.ruler'",
    ],
)
def test_the_system_refuses_a_student(machine, graded, line):
    said = machine.refused("ben", line)
    assert re.search("Permission denied|not permitted|No module named", said), said


@pytest.fixture(scope="module")
def forged(machine, graded):
    """Ben's two tries, of a later time: a folder that names Ada, and a link to the solution."""
    newer = "2099-01-01 00:00:00.000000 UTC"
    source = f"/home/ida/course/source/{NOTEBOOK}"
    for student, step in (("ada", f"cp ~/{NOTEBOOK}"), ("ben", f"ln --symbolic {source}")):
        folder = f"'{EXCHANGE}/inbound/{student}+{LESSON}+{newer}+x'"
        rest = f"echo {newer} > {folder}/timestamp.txt"
        machine.user("ben", f"mkdir {folder} && {step} {folder}/{LESSON}.ipynb && {rest}")


def test_a_student_hands_in_nothing_of_somebody_else(machine, forged, lines):
    there = machine.path(f"/home/ida/course/submitted/ada/{NOTEBOOK}")
    before = there.read_bytes()
    machine.refused("ida", f"{TERMINAL}{lines[1][0]} --json > said.json")
    told = json.loads(machine.path("/home/ida/said.json").read_text("utf-8"))["collected"]
    states = [(one["student"], one["state"]) for one in told]
    assert states == [("ada", "refused"), ("ben", "refused"), ("ada", "same"), ("ben", "same")]
    assert "is owned by ben. Talk to both of them." in told[0]["note"]
    assert "is a link; expected is the file itself." in told[1]["note"]
    assert there.read_bytes() == before


def test_nbgraders_own_collect_takes_both(machine, forged):
    """The reason for the sentence in docs/class.md."""
    elsewhere = "--CourseDirectory.submitted_directory=taken"
    machine.user("ida", f"{TERMINAL} nbgrader collect {LESSON} {elsewhere}")
    taken = machine.path("/home/ida/course/taken")
    as_ada = (taken / "ada" / NOTEBOOK).read_bytes()
    assert as_ada == machine.path(f"/home/ben/{NOTEBOOK}").read_bytes()
    solution = machine.path(f"/home/ida/course/source/{NOTEBOOK}").read_bytes()
    assert (taken / "ben" / NOTEBOOK).read_bytes() == solution


@pytest.fixture(scope="module")
def idas_page(graded, log_in):
    return log_in("ida")


def test_the_terminal_of_an_instructor_finds_the_commands_of_the_pages(machine, idas_page):
    page = idas_page
    page.locator(".jp-LauncherCard", has_text="Terminal").first.click()
    page.locator(".jp-Terminal .xterm").first.click()
    page.keyboard.type("type -p autograder nbgrader > found.part; mv found.part found.txt\n")
    found = machine.path("/home/ida/found.txt")
    for _ in range(300):
        if found.exists():
            break
        page.wait_for_timeout(100)
    names = ("autograder", "nbgrader")
    assert found.read_text("utf-8").split() == [f"/srv/instructors/.venv/bin/{n}" for n in names]


def test_formgrader_opens_in_a_tab_of_its_own_and_not_in_lab(graded, people, idas_page):
    page = idas_page
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        menu(page, "Nbgrader", "Formgrader")
    tab = page.context.new_page()
    tab.goto(f"{people['ida'].server}/formgrader/manage_students")
    for student, record in graded[0].items():
        row = tab.locator("tr", has=tab.get_by_text(student, exact=True))
        row.wait_for()
        assert f"{record['score']:g} / {record['max_score']:g}" in " ".join(
            row.inner_text().split()
        )


def test_a_student_has_no_formgrader(people, handed_in):
    ben = people["ben"]
    assert ben.ask("GET", f"{ben.server}/formgrader/manage_assignments").status_code == 404
    page = handed_in.page
    page.locator(".lm-MenuBar-item", has_text="Nbgrader").first.click()
    entries = [entry.strip() for entry in page.locator(".lm-Menu-item").all_inner_texts()]
    page.keyboard.press("Escape")
    assert "Assignment List" in entries
    assert "Formgrader" not in entries


def of_machine(machine):
    """The processes of the machine, seen from outside."""
    space = os.readlink(f"/proc/{machine.pid}/ns/pid")
    for process in psutil.process_iter():
        try:
            if os.readlink(f"/proc/{process.pid}/ns/pid") == space:
                yield process
        except OSError:
            continue  # ended meanwhile


def test_whoever_listens_does_so_on_loopback(machine, people):
    listening = {
        connection.laddr.ip
        for process in of_machine(machine)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_nothing_is_left_of_a_machine(namespaces):
    with support.machine() as made:
        made.root("useradd", "--create-home", "passing-by")
        made.root("sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 &")
        assert "passing-by" in made.root("cat", "/etc/passwd")
        left = list(of_machine(made))
        assert len(left) == 2
    psutil.wait_procs(left, timeout=10)
    assert not any(process.is_running() for process in left)
    assert not Path("/home/passing-by").exists()
    with pytest.raises(KeyError):
        pwd.getpwnam("passing-by")
