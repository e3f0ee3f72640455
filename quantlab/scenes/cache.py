"""Drawn scenes kept on disk: safe under several processes, limited in size, mended when damaged."""

import io
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np
from platformdirs import user_cache_path

from quantlab.scenes.labels import Box
from quantlab.scenes.render import Scene, render

#: Part of every file's place: scenes drawn by an older renderer are not read again.
WORLD = 1
#: Uncovering the folder's size means listing it: done once in so many writes.
_WRITES_BETWEEN_LOOKS = 64


@dataclass(frozen=True)
class Cache:
    """A folder of drawn scenes, one file each.

    A file is written beside its place and then renamed, so that another process sees all of it or
    nothing; two that draw the same scene write the same bytes. A file that cannot be read, or that
    is not this scene, is drawn again. The files written longest ago are removed when the folder
    grows over its limit.

    Parameters
    ----------
    folder : Path, optional
        By default the user's own cache folder.
    limit : int
        Bytes, 2 GiB by default: about 8,000 scenes of 320 x 320.

    Raises
    ------
    OSError
        A folder that cannot be written.
    """

    folder: Path = field(default_factory=lambda: user_cache_path("quantlab") / "scenes")
    limit: int = 2 * 2**30
    _writes: list[int] = field(default_factory=lambda: [0], repr=False, compare=False)

    def scene(self, seed: int, width: int = 320, height: int = 320) -> Scene:
        """The scene of a seed: read, or drawn and kept."""
        path = self.folder / f"world-{WORLD}" / f"{width}x{height}" / f"{seed}.npz"
        scene = _read(path, width, height)
        if scene is None:
            scene = render(seed, width, height)
            self._keep(path, scene)
        return scene

    def nbytes(self) -> int:
        """How large all kept scenes are together."""
        return sum(size for _, size, _ in self._files())

    def shrink(self) -> None:
        """Remove the scenes written longest ago until nine tenths of the limit are left."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        if left <= self.limit:
            return
        for _, size, path in files:
            if left <= 0.9 * self.limit:
                return
            path.unlink(missing_ok=True)  # another process may have been quicker
            left -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.folder.glob("world-*/*/*.npz"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # removed by another process since it was listed
                continue
            yield stat.st_mtime, stat.st_size, path

    def _keep(self, path: Path, scene: Scene) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
        except OSError as problem:
            raise OSError(
                f"The cache folder {self.folder} cannot be written ({problem.strerror}): name "
                f"another with Cache(folder)."
            ) from problem
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_packed(scene))
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
        self._writes[0] += 1
        if self._writes[0] % _WRITES_BETWEEN_LOOKS == 1:
            self.shrink()


def _packed(scene: Scene) -> bytes:
    labels = {"boxes": [asdict(box) for box in scene.boxes], "slices": sorted(scene.slices)}
    text = np.frombuffer(json.dumps(labels).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, image=scene.image, mask=scene.mask, labels=text)
    return buffer.getvalue()


def _read(path: Path, width: int, height: int) -> Scene | None:
    """The scene in a file; None where there is none or it is damaged (zip checks its sums)."""
    try:
        with np.load(path, allow_pickle=False) as file:
            image, mask, labels = file["image"], file["mask"], json.loads(file["labels"].tobytes())
        boxes = tuple(Box(**box) for box in labels["boxes"])
        slices = frozenset(labels["slices"])
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile, ZlibError):
        return None
    if image.shape != (height, width, 3) or mask.shape != (height, width):
        return None
    return Scene(image, mask, boxes, slices)
