"""Two predictions as an author writes them: a number decides one, a mark the other."""

DECIDED = """
- id: 3.x
  text: How many?
  unit: MB
  options:
    - {text: few, below: 1, feedback: "Is it few?"}
    - {text: some, from: 1, below: 10, feedback: "Is it some?"}
    - {text: "many `x`", from: 10, below: 100, feedback: "Is it many?"}
  why: It grows.
"""
MARKED = """
- id: 3.y
  text: Does it?
  options:
    - {text: "no", feedback: "Does it not?"}
    - {text: "yes", right: true}
  why: It does.
"""
