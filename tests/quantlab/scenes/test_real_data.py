"""Loaders of a COCO folder, of CIFAR-10's files and of a folder of pictures, on small files."""

import json
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from quantlab.scenes import CocoFolder, ImageFolder, read_cifar10, to_coco
from quantlab.scenes.labels import Box
from quantlab.scenes.splits import Validation

RNG = np.random.default_rng(5)


def picture(height: int = 6, width: int = 8) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


# COCO


@pytest.fixture
def coco(tmp_path):
    """Three pictures: two boxes of which one is without area; a crowd; nothing."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "val").mkdir()
    images = [picture() for _ in range(3)]
    for k, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "val" / f"{k}.png")
    content = {
        "images": [{"id": 10 + k, "file_name": f"{k}.png"} for k in range(3)],
        "categories": [{"id": 7, "name": "cat"}, {"id": 3, "name": "ant"}],
        "annotations": [
            {"id": 1, "image_id": 10, "category_id": 7, "bbox": [1, 2, 3, 4], "iscrowd": 0},
            {"id": 2, "image_id": 10, "category_id": 3, "bbox": [1, 2, 0, 4]},
            {"id": 3, "image_id": 11, "category_id": 3, "bbox": [0, 0, 8, 6.5], "iscrowd": 1},
        ],
    }
    path = tmp_path / "annotations" / "instances_val.json"
    path.write_text(json.dumps(content))
    return tmp_path, images, content, path


def test_a_coco_folder(coco):
    folder, images, _, _ = coco
    data = CocoFolder(folder)
    assert data.class_names == ("ant", "cat")
    assert len(data) == 3
    for labelled, image in zip(data, images, strict=True):
        np.testing.assert_array_equal(labelled.image, image)
    assert data[0].boxes == (Box(1, 1.0, 2.0, 3.0, 4.0),)
    assert data[1].boxes == ()
    assert data[1].crowds == (Box(0, 0.0, 0.0, 8.0, 6.5),)
    assert data[2].boxes == data[2].crowds == ()


def test_scenes_written_as_coco_are_read_again(tmp_path):
    split = Validation(3, width=120, height=90)
    content = to_coco(split)
    for entry, scene in zip(content["images"], split, strict=True):
        Image.fromarray(scene.image).save(tmp_path / entry["file_name"])
    (tmp_path / "instances.json").write_text(json.dumps(content))
    for labelled, scene in zip(CocoFolder(tmp_path), split, strict=True):
        np.testing.assert_array_equal(labelled.image, scene.image)
        assert labelled.boxes == scene.boxes


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("images", None, "images, annotations and categories are expected"),
        ("images", [{"id": 1}], "KeyError 'file_name'"),
        ("categories", 3, "TypeError"),
        ("annotations", [{"image_id": 99, "category_id": 3, "bbox": [0, 0, 1, 1]}], "KeyError 99"),
        ("annotations", [{"image_id": 10, "category_id": 1, "bbox": [0, 0, 1, 1]}], "KeyError 1"),
        ("annotations", [{"image_id": 10, "category_id": 3, "bbox": [0, 0, 1]}], "ValueError"),
        (
            "annotations",
            [{"id": 4, "image_id": 10, "category_id": 3, "bbox": [0, 0, 1, float("nan")]}],
            "annotation 4 has the box",
        ),
    ],
)
def test_a_file_that_is_not_coco_is_refused(coco, key, value, sentence):
    folder, _, content, path = coco
    changed = content | {key: value}
    if value is None:
        del changed[key]
    path.write_text(json.dumps(changed))
    with pytest.raises(ValueError, match=sentence):
        CocoFolder(folder)


def test_a_missing_damaged_or_second_file_is_refused(coco):
    folder, _, content, path = coco
    (folder / "val" / "0.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"names a picture 0\.png"):
        CocoFolder(folder)[0]
    path.with_name("instances_train.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"several instance files .*name one of them"):
        CocoFolder(folder)
    assert len(CocoFolder(folder, path)) == 3
    path.write_text(path.read_text()[:50])
    with pytest.raises(ValueError, match="is not JSON"):
        CocoFolder(folder, path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        CocoFolder(folder, folder / "none.json")
    with pytest.raises(FileNotFoundError, match=r"hold no instances\*\.json"):
        CocoFolder(folder / "val")
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        CocoFolder(folder / "nowhere")


def test_a_picture_outside_the_folder_is_not_read(coco):
    folder, _, content, path = coco
    inner = folder / "inner"
    inner.mkdir()
    Image.fromarray(picture()).save(folder / "secret.png")
    content["images"][0]["file_name"] = "../secret.png"
    path.write_text(json.dumps(content))
    with pytest.raises(FileNotFoundError):
        CocoFolder(inner, path)[0]


# CIFAR-10


def write_cifar(folder, protocol: int = 2, text_keys: bool = False) -> dict[str, np.ndarray]:
    def key(name: str) -> bytes | str:
        return name if text_keys else name.encode()

    rows = {}
    for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
        rows[name] = RNG.integers(0, 256, (4, 3072), np.uint8)
        content = {
            key("data"): rows[name],
            key("labels"): [0, 1, 1, 0],
            key("batch_label"): b"a batch",
            key("filenames"): [b"a.png"] * 4,
        }
        (folder / name).write_bytes(pickle.dumps(content, protocol))
    meta = {key("label_names"): [b"ant", b"cat"], key("num_vis"): 3072}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol))
    return rows


@pytest.mark.parametrize("text_keys", [False, True])
def test_cifar_files(tmp_path, text_keys):
    rows = write_cifar(tmp_path, text_keys=text_keys)
    test = read_cifar10(tmp_path, train=False)
    assert test.images.shape == (4, 32, 32, 3)
    assert test.names == ("ant", "cat")
    np.testing.assert_array_equal(test.labels, [0, 1, 1, 0])
    row = rows["test_batch"][2]
    # The format's own definition: 1024 red, 1024 green, 1024 blue values, row by row.
    assert tuple(test.images[2, 5, 9]) == (row[5 * 32 + 9], row[1024 + 169], row[2048 + 169])
    train = read_cifar10(tmp_path)
    assert train.images.shape == (20, 32, 32, 3)
    assert train.images[4:8, 0, 0, 0].tolist() == rows["data_batch_2"][:, 0].tolist()


def test_a_pickle_from_python_2_is_read(tmp_path):
    """Bytes as Python 2 wrote them: strings, and an array's dtype by its short name."""
    rows = write_cifar(tmp_path)
    raw = rows["test_batch"].tobytes()
    by_hand = (
        b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
        b"K\x00\x85U\x01b\x87R(K\x01K\x04M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + len(raw).to_bytes(4, "little")
        + raw
        + b"tbU\x06labels](K\x00K\x01K\x01K\x00eu."
    )
    (tmp_path / "test_batch").write_bytes(by_hand)
    test = read_cifar10(tmp_path, train=False)
    np.testing.assert_array_equal(
        test.images.transpose(0, 3, 1, 2).reshape(4, -1), rows["test_batch"]
    )


class Runs:
    """What a hostile file holds: a call of our choice."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "call", [(os.system, "touch RAN"), (eval, "open('RAN', 'w')"), (getattr, "a", "upper")]
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_file_runs_nothing(tmp_path, monkeypatch, call, protocol):
    write_cifar(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"data": Runs(*call)}, protocol))
    with pytest.raises(ValueError, match="which CIFAR-10 does not need"):
        read_cifar10(tmp_path, train=False)
    assert not (tmp_path / "RAN").exists()


@pytest.mark.parametrize("dtype", [np.float32, object])
def test_an_array_of_anything_but_bytes_is_refused(tmp_path, dtype):
    write_cifar(tmp_path)
    content = {b"data": np.zeros((1, 3072), dtype), b"labels": [0]}
    (tmp_path / "test_batch").write_bytes(pickle.dumps(content, 2))
    with pytest.raises(ValueError, match="which CIFAR-10 does not need"):
        read_cifar10(tmp_path, train=False)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({b"data": 3, b"labels": []}, "is not a CIFAR-10 batch"),
        ({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0]}, "is not a CIFAR-10 batch"),
        ({b"data": np.zeros((1, 3071), np.uint8), b"labels": [0]}, "is not a CIFAR-10 batch"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": ["0"]}, "is not a CIFAR-10 batch"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [2]}, "holds label 2"),
        ({b"labels": [0]}, "no entry 'data'"),
        ([1, 2], "no entry 'data'"),
    ],
)
def test_other_content_is_refused(tmp_path, content, sentence):
    write_cifar(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps(content, 2))
    with pytest.raises(ValueError, match=sentence):
        read_cifar10(tmp_path, train=False)


@pytest.mark.parametrize("keep", [0, 1, 40, 5000])
def test_a_truncated_file_is_refused(tmp_path, keep):
    write_cifar(tmp_path)
    path = tmp_path / "test_batch"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="is damaged"):
        read_cifar10(tmp_path, train=False)


def test_a_missing_file_or_folder_is_named(tmp_path):
    write_cifar(tmp_path)
    (tmp_path / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_4: unpack the whole"):
        read_cifar10(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        read_cifar10(tmp_path / "nowhere")


# A folder of pictures


def test_a_folder_of_pictures(tmp_path):
    (tmp_path / "deep").mkdir()
    first, second = picture(), picture(4, 4)
    Image.fromarray(first).save(tmp_path / "b.PNG")
    Image.fromarray(second).save(tmp_path / "deep" / "a.bmp")
    (tmp_path / "notes.txt").write_text("not a picture")
    images = ImageFolder(tmp_path)
    assert [p.name for p in images.paths] == ["b.PNG", "a.bmp"]
    np.testing.assert_array_equal(images[0], first)
    assert [image.shape for image in images] == [(6, 8, 3), (4, 4, 3)]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    Image.new(mode, (5, 3)).save(tmp_path / "a.png")
    (image,) = ImageFolder(tmp_path)
    assert image.shape == (3, 5, 3)
    assert image.dtype == np.uint8


def test_a_picture_is_turned_as_its_camera_was_held(tmp_path):
    plain = picture()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned a quarter: the top of the scene is at the right
    Image.fromarray(plain).save(tmp_path / "a.png", exif=exif)
    (image,) = ImageFolder(tmp_path)
    np.testing.assert_array_equal(image, np.rot90(plain, -1))


def test_a_damaged_picture_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no picture"):
        ImageFolder(tmp_path)
    Image.fromarray(picture(60, 60)).save(tmp_path / "a.png")
    path = tmp_path / "a.png"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(OSError, match="cannot be read as a picture"):
        ImageFolder(tmp_path)[0]
    path.write_text("text")
    with pytest.raises(OSError, match="cannot be read as a picture"):
        ImageFolder(tmp_path)[0]
