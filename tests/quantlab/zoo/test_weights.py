"""Weights there and back, and every file that is refused."""

import pickle

import pytest
import torch
from torch import nn

from quantlab.zoo import Classifier, load_weights, save_weights


def test_there_and_back(tmp_path):
    path = tmp_path / "net.safetensors"
    torch.manual_seed(1)
    saved, other = Classifier(), Classifier()
    sha256 = save_weights(path, saved)
    load_weights(path, other, sha256)
    for name, tensor in saved.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert save_weights(path, other) == sha256
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


def test_another_checksum_is_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    net = nn.Linear(2, 2)
    sha256 = save_weights(path, net)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    before = net.weight.clone()
    with pytest.raises(ValueError, match=f"but {sha256} is expected: the file is damaged"):
        load_weights(path, net, sha256)
    assert torch.equal(net.weight, before)


def test_a_pickle_is_never_opened(tmp_path):
    """Even with the right checksum: a pickle is not the format."""
    import hashlib

    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    path = tmp_path / "net.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=r"is no \.safetensors file"):
        load_weights(path, nn.Linear(2, 2), sha256)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (nn.Linear(2, 3), r"holds torch.float32 \(2,\) as 'bias', .* needs torch.float32 \(3,\)"),
        (nn.Linear(2, 2, bias=False), "as 'bias', but the model needs nothing"),
        (nn.Linear(2, 2).double(), r"needs torch.float64 \(2,\)"),
        (nn.BatchNorm1d(2), "holds nothing as 'num_batches_tracked'"),
    ],
)
def test_another_network_is_refused(tmp_path, net, words):
    path = tmp_path / "net.safetensors"
    sha256 = save_weights(path, nn.Linear(2, 2))
    with pytest.raises(ValueError, match=words):
        load_weights(path, net, sha256)


def test_no_file_and_no_folder_get_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot be read .*: check the path"):
        load_weights(tmp_path / "gone", nn.Linear(2, 2), "")
    with pytest.raises(FileNotFoundError, match="choose a folder that exists"):
        save_weights(tmp_path / "gone" / "net.safetensors", nn.Linear(2, 2))
