"""A folder of pictures of your own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

#: File name endings that are read, in small letters.
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


class ImageFolder:
    """The pictures of a folder and the folders in it, in the order of their names.

    Indexable and iterable; a picture, uint8 (height, width, 3) RGB, is read when asked for.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    FileNotFoundError
        No such folder, or no picture in it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = existing_folder(folder)
        found = (p for p in self.folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
        self.paths = tuple(sorted(found))
        if not self.paths:
            raise FileNotFoundError(
                f"{self.folder} holds no picture: files ending in {', '.join(ENDINGS)} are read."
            )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> np.ndarray:
        return read_image(self.paths[index])

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(read_image, self.paths)


def read_image(path: Path) -> np.ndarray:
    """A picture file as uint8 (height, width, 3), RGB, turned as its camera was held.

    Raises
    ------
    OSError
        A file that is missing, damaged, or no picture.
    """
    try:
        with Image.open(path) as image:
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no picture {path}.") from None
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError,
            Image.DecompressionBombError) as problem:  # fmt: skip
        raise OSError(
            f"{path} cannot be read as a picture ({problem}): remove it or save it again."
        ) from problem


def existing_folder(folder: str | Path) -> Path:
    """The folder as a path; FileNotFoundError in a sentence where there is none."""
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"There is no folder {path}: give the folder that holds the data.")
    return path
