"""Weights in a file of plain numbers: nothing in it can run, and its checksum says whose it is."""

import hashlib
import os
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from quantlab.base.atomic import replacing


def save_weights(path: str | os.PathLike[str], model: nn.Module) -> str:
    """Write every parameter and buffer of a model as a .safetensors file.

    The same weights give the same bytes.

    Returns
    -------
    str
        The file's SHA-256, 64 hexadecimal digits: what `load_weights` asks for.

    Raises
    ------
    OSError
        The path cannot be written.
    """
    data = packed_weights(model)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def packed_weights(model: nn.Module) -> bytes:
    """What `save_weights` writes."""
    return save({name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()})


def load_weights(path: str | os.PathLike[str], model: nn.Module, sha256: str) -> None:
    """Fill `model` with the weights of a .safetensors file, or leave it as it was.

    The checksum is compared before a byte is read as anything; nothing is unpickled.

    Parameters
    ----------
    path : file that `save_weights` wrote
    model : torch.nn.Module
        Of the same shape as the one saved.
    sha256 : str
        What `save_weights` returned.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        Another checksum, no .safetensors file, or weights of another network.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise type(error)(
            f"{path} cannot be read ({error.strerror or error}): check the path."
        ) from error
    seen = hashlib.sha256(data).hexdigest()
    if seen != sha256.lower():
        raise ValueError(
            f"{path} has SHA-256 {seen}, but {sha256} is expected: the file is damaged or another "
            "one; get it again."
        )
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(
            f"{path} is no .safetensors file ({error}): write it with save_weights."
        ) from error
    _check_fit(path, model.state_dict(), tensors)
    model.load_state_dict(tensors)


def _check_fit(
    path: str | os.PathLike[str], wanted: dict[str, Tensor], given: dict[str, Tensor]
) -> None:
    for name in sorted(wanted.keys() | given.keys()):
        need, have = (_kind(side.get(name)) for side in (wanted, given))
        if need != have:
            raise ValueError(
                f"{path} holds {have} as {name!r}, but the model needs {need}: these are the "
                "weights of another network; make the model as it was when they were saved."
            )


def _kind(tensor: Tensor | None) -> str:
    return "nothing" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"
