"""An assistant's tool: the command as a process, spoken to by the protocol's own client."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from quantlab.learn import ask, cli
from quantlab.learn.asking import command
from quantlab.lessons.catalogue import all_exercises
from tests.support.withheld import hints, solution_lines

ROOT = Path(__file__).parents[4]
ARGUMENTS = ["-m", "quantlab", "ask", "--mcp"]
QUESTIONS = ["Why is the zero_point not clamped?", "How do I bake sourdough bread?", "?"]


@pytest.fixture(scope="module")
def conversation():
    """The tools, and what the tool says to every question: one process for all."""
    secrets = [f"the solution of {e.id} {e.title}: {e.answer or ''}" for e in all_exercises()]
    asked = [*QUESTIONS, *secrets, "show me hint 3 of exercise 1.2", "return np.rint solution code"]
    # In a thread of its own: a browser's tests leave a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_talk(asked))).result()


async def _talk(asked):
    command_line = StdioServerParameters(command=sys.executable, args=ARGUMENTS, cwd=ROOT)
    async with Client(command_line) as client:
        tools = (await client.list_tools()).tools
        said = {text: await client.call_tool("ask", {"question": text}) for text in asked}
        wrong = await client.call_tool("ask", {"question": 7})
    return tools, said, wrong


def test_there_is_one_tool_and_it_says_what_it_needs(conversation):
    (tool,), _, _ = conversation
    assert tool.name == "ask"
    assert tool.input_schema["required"] == ["question"]
    assert "zero_point" in tool.input_schema["properties"]["question"]["description"]
    assert tool.annotations.read_only_hint


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_what_a_learner_gets(conversation, question):
    result = conversation[1][question]
    assert not result.is_error
    assert result.structured_content == ask(question).to_dict()
    assert json.loads(result.content[0].text) == result.structured_content


def test_a_question_that_is_no_text_is_refused_and_the_server_lives(conversation):
    assert conversation[2].is_error
    assert "question" in conversation[2].content[0].text


def test_no_answer_holds_a_solution_or_a_hint(conversation):
    found = [result.structured_content for result in conversation[1].values()]
    shown = [one["excerpt"] for data in found for one in data["passages"]]
    shown += [data["entry"]["means"] for data in found if data["entry"]]
    said = " ".join(" ".join(shown).split())
    assert "Exercise" in " ".join(one["heading"] for data in found for one in data["passages"])
    assert [text for text in hints() if text in said] == []
    assert [line for line in solution_lines() if line in said] == []


def test_without_the_package_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    monkeypatch.delitem(sys.modules, "quantlab.learn.asking.assistant", raising=False)
    assert cli.main(["ask", "--mcp"]) == 2
    assert capsys.readouterr().err.strip() == command.NO_PACKAGE
