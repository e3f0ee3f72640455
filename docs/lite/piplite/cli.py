"""What `%pip install` in a cell becomes."""

from piplite import SENTENCE


async def get_transformed_code(argv: list[str]) -> str:
    """The line of Python that runs in its place."""
    return f"print({SENTENCE!r})"
