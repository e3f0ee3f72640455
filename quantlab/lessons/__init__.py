"""The lessons, one folder each; `catalogue` finds them. Every folder has the same names:

exercises/     what is asked, one exercise or one idea a file
explorer.py    the widget of this lesson
quiz.yaml      its quiz
glossary.yaml  the terms that it defines
material/      what only this lesson measures or draws
__init__.py    the names that its notebook imports
"""
