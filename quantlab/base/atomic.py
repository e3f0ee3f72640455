"""A file is there whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write under a temporary name beside `path`; rename when the block ends well.

    Until then whatever stood at `path` stays as it was. When the block raises, Ctrl-C included,
    the temporary file is removed. Renaming within one folder is one step of the file system:
    nobody ever sees half a file.

    Parameters
    ----------
    path : where the finished file shall stand; its folder exists

    Yields
    ------
    Path
        An empty file in the same folder, for the block to write to.

    Raises
    ------
    OSError
        The folder is missing or may not be written to, the disk is full, `path` is a folder: one
        sentence, in the subclass of the system's own error.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "answer.txt")) as temporary:
    ...         _ = temporary.write_text("42")
    ...     print(Path(folder, "answer.txt").read_text(), len(os.listdir(folder)))
    42 1
    """
    target = Path(path).resolve()  # through a link, so that the link stays one
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it.")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        temporary.open("x").close()
        try:
            yield temporary
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise type(error)(
            f"{path} cannot be written ({error.strerror or error}): choose a folder that exists, "
            f"that you may write to, and that has room."
        ) from error
