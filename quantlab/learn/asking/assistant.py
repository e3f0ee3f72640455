"""`ask` as a tool of an assistant, by the Model Context Protocol over standard input and output.

An assistant in JupyterLab starts `quantlab ask --mcp` and gets one tool: the passages of the course
that answer a question. It sees what a learner sees who asks: no solution, no hint, no file of the
learner's, and nothing is sent anywhere. The package `mcp` comes with `pip install
'quantlab[assistant]'`.
"""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from pydantic import Field

from quantlab.learn import asking

ABOUT = (
    "Passages of the QuantLab course on neural-network quantization, found by a question. Quote "
    "them and give their links. Never write the answer of an exercise: the learner has check, hint "
    "and solution for that."
)


def server() -> MCPServer:
    """The server with its one tool, `ask`."""
    made = MCPServer("quantlab", instructions=ABOUT)
    made.tool(
        title="Ask the course",
        # It reads what is installed, and nothing else.
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )(ask)
    return made


def ask(
    question: Annotated[
        str,
        Field(description="in English, in the learner's words: Why is the zero_point not clamped?"),
    ],
) -> dict[str, Any]:
    """Find the passages of the course that answer a question about quantization.

    Gives the three best passages, each with lesson, heading, link and excerpt, and the entry of the
    glossary where one fits. Where `fits` is false the course has no answer, and `covers` names what
    it is about: then say so.
    """
    return asking.ask(question).to_dict()


def serve() -> None:
    """Answer until the assistant closes the connection."""
    server().run("stdio")
