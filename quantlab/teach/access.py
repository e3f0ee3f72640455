"""What a widget and a card need so that a keyboard and a screen reader can use them in JupyterLab.

A screen reader announces a change inside an element that is a status and was there before. A cell's
output is new each time, and ipywidgets keeps an element but can give it no attribute. HTML that
comes from the learner's own kernel may run a script, and a script mends both. Where none may run (a
notebook that is not trusted yet, a page of a code host) nothing is lost but the announcement.
"""

from __future__ import annotations

from html import escape

from quantlab.base.palette import BLUE

#: Where the keyboard is, and where a slider stands. The id that nothing has makes a rule weigh more
#: than ipywidgets' own.
_STYLE = (
    "<style>:is(.quantlab-quiz, .quantlab-explorer) :focus-visible:not(#_) "
    f"{{ outline: 2px solid {BLUE} !important; outline-offset: 2px; }} "
    ".quantlab-explorer .noUi-handle:not(#_) { border: 1px solid #767676; }</style>"
)

_TO_WIDGETS = (
    "const around = this.parentElement;"
    "around.setAttribute('role', 'status');"
    "const root = around.closest('.quantlab-explorer, .quantlab-quiz');"
    "if (!root.keysAreOurs) {root.keysAreOurs = true; root.addEventListener('focusin',"
    " e => e.target.setAttribute('data-lm-suppress-shortcuts', 'true'));}"
    "for (const handle of root.querySelectorAll('[role=slider]'))"
    " handle.setAttribute('aria-label',"
    " handle.closest('.widget-inline-hbox').querySelector('label').textContent);"
)
#: Begins the text of an HTML widget in a quiz or an explorer, and runs when the text is shown: what
#: replaces the text is announced, a slider's handle gets its label as its name, and while a control
#: has the focus JupyterLab takes no key: `d` typed twice on a radio button deletes no cell. The
#: attribute for that counts on the control itself only.
LIVE = f'{_STYLE}<style onload="{escape(_TO_WIDGETS)}">/**/</style>'

_HIDDEN = "position:fixed;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
#: Ends a card, and runs once, when it arrives: its heading, or what it has as `data-said`, is
#: announced by an element of the page that stays. The prompt is [*] then; it is a number where a
#: saved notebook is opened, and nothing is announced.
ANNOUNCED = (
    "<script>{const card = document.currentScript.parentElement;"
    "card.setAttribute('aria-live', 'off');"
    "const prompt = card.closest('.jp-Cell')?.querySelector('.jp-InputPrompt');"
    "if (prompt?.textContent.includes('*')) {"
    "let said = document.getElementById('quantlab-said');"
    "if (!said) {said = document.createElement('div'); said.id = 'quantlab-said';"
    f" said.style.cssText = '{_HIDDEN}'; said.setAttribute('role', 'status');"
    " document.body.append(said);}"
    "const words = card.dataset.said ?? card.querySelector('strong').textContent;"
    "said.textContent = ''; setTimeout(() => {said.textContent = words;}, 200);}}</script>"
)
