"""Drawn scenes kept on disk: safe under several processes, limited in size, mended when damaged."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from quantlab.base.atomic import replacing
from quantlab.scenes.labels import Box
from quantlab.scenes.scene import Scene, render

#: Part of every file's place: raised with the renderer's checksums, so that no older scene is read.
WORLD = 1
#: The folder's size is only known after listing it: done once in so many writes.
_WRITES_BETWEEN_LOOKS = 64
_DIGEST = hashlib.sha256().digest_size


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
        Bytes, 4 GiB by default: about 13,000 scenes of 320 x 320.

    Raises
    ------
    OSError
        A folder that cannot be written.
    """

    folder: Path = field(default_factory=lambda: user_cache_path("quantlab") / "scenes")
    limit: int = 4 * 2**30
    _writes: list[int] = field(default_factory=lambda: [0], repr=False, compare=False)

    def scene(self, seed: int, width: int = 320, height: int = 320) -> Scene:
        """The scene of a seed: read, or drawn and kept."""
        path = self.folder / f"world-{WORLD}" / f"{width}x{height}" / f"{seed}.scene"
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
        for path in self.folder.glob("world-*/*/*.scene"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # removed by another process since it was listed
                continue
            yield stat.st_mtime, stat.st_size, path

    def _keep(self, path: Path, scene: Scene) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(_packed(scene))
        except OSError as problem:
            if path.is_file():
                return  # Windows refuses while another process reads the same scene there
            first = problem.__cause__ if isinstance(problem.__cause__, OSError) else problem
            raise OSError(
                f"The cache folder {self.folder} cannot be written ({first.strerror}): name "
                f"another with Cache(folder)."
            ) from problem
        self._writes[0] += 1
        if self._writes[0] % _WRITES_BETWEEN_LOOKS == 1:
            self.shrink()


def _packed(scene: Scene) -> bytes:
    """A checksum, the header's length, the header (JSON), picture and mask as they are.

    Reading must be quicker than drawing, so only the mask, which is flat, is compressed.
    """
    header = {"shape": scene.mask.shape, "boxes": [asdict(box) for box in scene.boxes],
              "slices": sorted(scene.slices)}  # fmt: skip
    text = json.dumps(header).encode()
    mask = zlib.compress(scene.mask.tobytes(), 1)
    content = len(text).to_bytes(4, "little") + text + scene.image.tobytes() + mask
    return hashlib.sha256(content).digest() + content


def _read(path: Path, width: int, height: int) -> Scene | None:
    """The scene in a file; None where there is none, or its checksum says that it is damaged."""
    try:
        packed = path.read_bytes()
    except OSError:  # none, or a bad block
        return None
    digest, content = packed[:_DIGEST], packed[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        return None
    start = 4 + int.from_bytes(content[:4], "little")
    header = json.loads(content[4:start])
    if header["shape"] != [height, width]:
        return None
    end = start + 3 * width * height
    image = np.frombuffer(bytearray(content[start:end]), np.uint8).reshape(height, width, 3)
    mask = np.frombuffer(bytearray(zlib.decompress(content[end:])), np.uint8)
    boxes = tuple(Box(**box) for box in header["boxes"])
    return Scene(image, mask.reshape(height, width), boxes, frozenset(header["slices"]))
