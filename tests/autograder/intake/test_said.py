"""Why a file is no notebook: a sentence that names what is there, and never an exception's name
alone."""

import gzip
import io
import json
import zipfile

import pytest

from autograder.intake.ingest import Refused, parse_notebook

NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
TEXT = json.dumps(NOTEBOOK, indent=1)


def zipped():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.ipynb", TEXT)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (f"<<<<<<< HEAD\n{TEXT}\n>>>>>>> mine\n", "unfinished merge of git's (<<<<<<<, line 1)"),
        (TEXT.replace(" {", "\n<<<<<<< a\n {", 1), "unfinished merge of git's"),
        ("# %%\nx = 1\n", "begins with '# %%', and not with {"),
        (TEXT.replace("5,", "5,,"), "what stands in line 3 is not JSON"),
        (TEXT[:-9], "was cut off"),
        (json.dumps(NOTEBOOK | {"nbformat": 5}), "of format 5; formats up to 4 are read"),
        (json.dumps(NOTEBOOK | {"nbformat": "4"}), "it has no `nbformat` that is a whole number"),
        (json.dumps(NOTEBOOK | {"metadata": []}), "no notebook that Jupyter reads"),
        (zipped(), "is a zip archive"),
        (gzip.compress(TEXT.encode()), "is packed with gzip"),
    ],
)
def test_the_sentence_says_what_is_there(data, said):
    with pytest.raises(Refused) as refused:
        parse_notebook(data if isinstance(data, bytes) else data.encode())
    assert said in refused.value.sentence
    assert refused.value.sentence.endswith("Please hand it in again, saved by JupyterLab.")
