"""Choices without points in the progress file: replaced, sealed, each user's own, upgraded."""

import sqlite3

import pytest

from quantlab.learn.choices import Choices
from quantlab.learn.progress_store import SCHEMA, SCHEMA_VERSION, Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "progress.db")


def test_the_latest_counts_until_the_seal(store):
    choices = Choices(store, "ada")
    assert choices.of("3.a") is None
    assert choices.choose("3.a", [1])
    assert choices.choose("3.a", [2])
    choices.seal("3.a")
    assert not choices.choose("3.a", [0])
    kept = choices.of("3.a")
    assert (kept.chosen, kept.sealed) == ([2], True)


def test_a_seal_without_a_choice_is_none(store):
    choices = Choices(store, "ada")
    choices.seal("3.a")
    assert choices.of("3.a") is None
    assert choices.choose("3.a", [0])


def test_one_user_s_choice_is_not_another_s(store):
    Choices(store, "ada").choose("3.a", [1])
    Choices(store, "ben").choose("3.a", [2])
    Choices(store, "ben").seal("3.a")
    assert Choices(store, "ada").all()["3.a"].chosen == [1]
    assert not Choices(store, "ada").all()["3.a"].sealed


def test_a_file_of_schema_1_gets_the_table_and_keeps_its_rows(tmp_path):
    path = tmp_path / "progress.db"
    with sqlite3.connect(path) as db:
        for statement in (s for s in SCHEMA if "choices" not in s):
            db.execute(statement)
        db.execute("INSERT INTO help (user, exercise, hints) VALUES ('ada', '1.1', 2)")
        db.execute("PRAGMA user_version = 1")
    db.close()
    store = Store(path)
    assert Choices(store, "ada").choose("3.a", [1])
    assert store.take_notice() is None
    assert store.read("SELECT hints FROM help") == [(2,)]
    assert store.read("PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert Choices(Store(path), "ada").of("3.a").chosen == [1]


def test_without_a_file_a_choice_lives_in_memory():
    choices = Choices(Store(None), "ada")
    assert choices.choose("3.a", [1])
    choices.seal("3.a")
    assert not choices.choose("3.a", [0])
    assert choices.of("3.a").chosen == [1]
