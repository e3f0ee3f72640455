"""A feedback page has its style after nbgrader's own, says its language, and turns its pictures."""

from autograder.publishing.page_style import dress, style_of_a_page
from autograder.publishing.sanitize import clean_fragment
from quantlab.teach.pictures import ruler
from quantlab.teach.pictures.theme import TURNS

PAGE = "<!DOCTYPE html>\n<html>\n<head><style>a {color: blue}</style>\n</head>\n</html>"


def test_the_style_comes_last_and_the_page_says_its_language():
    page = dress(PAGE)
    assert '<html lang="en">' in page
    assert page.index("color: blue") < page.index(style_of_a_page()) < page.index("</head>")


def test_a_picture_in_a_page_turns_with_it():
    image = clean_fragment(ruler(0.0, 1.0).svg)
    assert f'class="{TURNS}"' in image
    assert f".{TURNS} {{filter" in style_of_a_page().partition("prefers-color-scheme: dark")[2]


def test_nothing_is_loaded_from_elsewhere():
    assert "url(" not in style_of_a_page()
    assert "@import" not in style_of_a_page()
