"""What a link to a passage needs in JupyterLab: a lesson that was closed opens at its top.

JupyterLab looks for the passage's cell before the lesson's cells are there. A script in the answer
waits for them and follows the link once more, for its reader, and again when the cells above have
been drawn and have their true heights. Where no script may run (a notebook that is not trusted yet)
the reader is told to click.
"""

from __future__ import annotations

#: JupyterLab's marks of a tab and of what has a notebook's cells.
_FOLLOW = (
    "<script>{const told = document.currentScript.previousElementSibling;"
    "const card = told.parentElement; told.remove();"
    "card.addEventListener('click', event => {"
    "const link = event.target.closest('a');"
    "if (!link || !event.isTrusted) return;"  # the script's own click ends here
    "const lesson = /([^/]+)\\.ipynb/.exec(link.href)[1];"
    "const open = () => [...document.querySelectorAll('.lm-DockPanel .lm-TabBar-tab')]"
    ".some(tab => tab.textContent.includes(lesson));"
    "if (open()) return;"
    "const until = Date.now() + 30000;"
    "const look = () => {"
    "const cells = [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden)')]"
    ".filter(panel => !panel.contains(link))"
    ".some(panel => panel.querySelector('.jp-MarkdownCell .jp-RenderedMarkdown'));"
    "if (open() && cells) for (const ms of [300, 1300]) setTimeout(() => link.click(), ms);"
    "else if (Date.now() < until) setTimeout(look, 100);};"
    "look();});}</script>"
)
ONCE_MORE = "A lesson that was not open yet opens at its top: click once more."
#: Ends an answer with links.
IN_LAB = f'<p style="margin:.2em 0"><small>{ONCE_MORE}</small></p>{_FOLLOW}'
