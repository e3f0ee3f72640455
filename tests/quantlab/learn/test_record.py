"""`quantlab record`: a COCO folder, a torch model, an .onnx file, and what is wrong with each."""

import json
import re
import shutil
import sys
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from torch import nn

from quantlab.deploy import export_onnx, open_session
from quantlab.learn import cli
from quantlab.learn.record.page import STYLE
from quantlab.learn.record.pictures import open_material
from quantlab.methods import Recipe
from quantlab.scenes import CLASS_NAMES, Preprocessing, Test, Train, write_coco_folder
from quantlab.zoo import evaluate_detector, load

NET = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )

def number():
    return 3

def fails():
    raise RuntimeError("no weights here")

def boxes(outputs):
    return [([[0, 0, 4, 4]], [0.9], [0])]

def no_boxes(outputs):
    return outputs[70]

class Learned(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A working folder with net.py, eight pictures of two sizes, and a labelled folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(8):
        size = (24, 32 + number % 2, 3)
        Image.fromarray(rng.integers(0, 255, size, np.uint8)).save(folder / f"{number}.png")
    return tmp_path


@pytest.fixture
def coco(place):
    return write_coco_folder(Test(6), place / "coco")


@pytest.fixture
def float_file(place):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1)).eval()
    return export_onnx(net, place / "net.onnx", np.zeros((1, 3, 16, 20), np.float32))


def record(*arguments):
    return cli.main(["record", *map(str, arguments), "--out", "out", "--seconds", "0.1"])


def written(place):
    return json.loads((place / "out/record.json").read_text(encoding="utf-8"))


def test_a_coco_folder_and_the_courses_detector(place, coco, capsys):
    assert record("detector", coco, "--calibration", 3, "--evaluation", 2) == 0
    said = written(place)
    assert (said["data"]["folder"], said["quantized_by"]) == ("coco", "quantlab")
    assert (said["data"]["calibration"], said["data"]["evaluation"]) == (3, 2)
    assert Recipe.from_dict(said["recipe"]) == Recipe()
    # The very numbers that the library gives for the same scenes.
    model, scenes = load("detector"), Test(6)
    judged = [scenes[k] for k in open_material(coco, 3, 2, 0).evaluation]
    assert said["accuracy"]["metric"] == "mAP"
    for name, file in (("fp32", "fp32.onnx"), ("int8", "int8.onnx")):
        want = evaluate_detector(open_session(place / "out" / file), model.preprocessing, judged)
        assert said["accuracy"][name]["numbers"]["AP"] == pytest.approx(want.numbers["AP"])
    lost = said["accuracy"]["lost"]
    assert lost["drop"] == pytest.approx(lost["before"] - lost["after"])
    assert lost["low"] <= lost["drop"] <= lost["high"]
    assert len(said["outputs"]) == 12
    assert all(o["sqnr_db"] > 5 and o["agreement"] is None for o in said["outputs"])
    assert said["int8_macs"] == 1.0
    assert {"machine", "versions", "latency", "date"} <= said.keys()
    for entry in said["files"].values():
        content = (place / "out" / entry["file"]).read_bytes()
        assert entry["sha256"] == sha256(content).hexdigest()
        assert entry["bytes"] == len(content)
    page = (place / "out/record.html").read_text(encoding="utf-8")
    assert re.search(r">mAP, points</th><td[^>]*>[\d.]+</td><td[^>]*>[\d.]+</td>", page)
    assert said["date"] in page
    assert "2 pictures judged, 3 others calibrated" in capsys.readouterr().out


def test_no_picture_both_calibrates_and_judges(place, coco):
    for seed in range(5):
        parts = open_material(coco, 4, 200, seed)
        assert len(parts.calibration) == 3  # half of six: the other half must judge
        assert not set(parts.calibration) & set(parts.evaluation)
        assert len(parts.evaluation) == 3


def test_pictures_of_another_size_are_judged_in_their_own_pixels(place, coco):
    """Each picture and its boxes twice as wide: the same mAP, for it is resized for the net."""
    assert record("detector", coco, "--calibration", 3) == 0
    first = written(place)["accuracy"]["fp32"]["numbers"]["AP50"]
    content = json.loads((coco / "instances.json").read_text())
    for entry in content["images"]:
        picture = Image.open(coco / entry["file_name"])
        wide = picture.resize((640, 320), Image.Resampling.NEAREST)
        wide.save(coco / entry["file_name"])
    for note in content["annotations"]:
        note["bbox"][0] *= 2
        note["bbox"][2] *= 2
    (coco / "instances.json").write_text(json.dumps(content))
    assert record("detector", coco, "--calibration", 3) == 0
    assert written(place)["accuracy"]["fp32"]["numbers"]["AP50"] == pytest.approx(first, abs=0.1)


def test_classes_that_the_model_does_not_know_are_named_and_left_out(place, coco, capsys):
    path = coco / "instances.json"
    content = json.loads(path.read_text())
    content["categories"][0]["name"] = "tram"
    path.write_text(json.dumps(content))
    assert record("detector", coco, "--calibration", 3) == 0
    assert "car" not in written(place)["accuracy"]["fp32"]["classes"]
    assert "does not know them: tram" in capsys.readouterr().out


def test_a_torch_model_of_a_file(place, capsys):
    assert record("net.py:make", "pictures", "--size", 20, 28, "--mean", 0.5, 0.5, 0.5) == 0
    said = written(place)
    assert said["accuracy"] is None
    assert said["data"]["preprocessing"]["height"] == 20
    assert said["data"]["preprocessing"]["mean"] == [0.5] * 3
    (output,) = said["outputs"]
    assert 0 <= output["agreement"] <= 1
    assert output["sqnr_db"] > 10
    assert "same largest output" in capsys.readouterr().out


def test_a_torch_model_of_a_module_in_the_working_folder(place, monkeypatch):
    shutil.copy(place / "net.py", place / "my_own_net.py")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert record("my_own_net:make", "pictures", "--size", 20, 28) == 0
    assert written(place)["quantized_by"] == "quantlab"


def test_a_torch_model_finds_boxes_by_your_own_function(place, coco):
    made = record("net.py:make", coco, "--size", 16, 16, "--decode", "net.py:boxes",
                  "--most-lost", 1)  # fmt: skip
    assert made == 0
    said = written(place)
    assert said["verdicts"] == {"mAP lost": "met"}
    assert set(said["accuracy"]["fp32"]["classes"]) == set(CLASS_NAMES)


def test_a_recipe_of_your_own(place):
    recipe = Recipe(bias_correction="analytic")
    (place / "mine.json").write_text(recipe.to_json())
    assert record("net.py:make", "pictures", "--size", 20, 28, "--recipe", "mine.json") == 0
    assert Recipe.from_dict(written(place)["recipe"]) == recipe


def test_an_onnx_file_is_quantized_by_the_same_recipe(place, float_file):
    (place / "mine.json").write_text(Recipe(keep_float=["_0"]).to_json())
    assert record(float_file, "pictures", "--recipe", "mine.json") == 0
    said = written(place)
    assert said["quantized_by"] == "quantlab"
    assert Recipe.from_dict(said["recipe"]) == Recipe(keep_float=["_0"])
    assert said["data"]["preprocessing"]["width"] == 20
    assert said["stayed_float"] == ["0: It stays float: keep_float names _0."]
    assert said["outputs"][0]["sqnr_db"] > 15


def test_weights_beside_a_file_come_along(place, float_file):
    onnx.save(
        onnx.load(float_file), place / "beside.onnx",
        save_as_external_data=True, location="weights.bin", size_threshold=0,
    )  # fmt: skip
    assert record("beside.onnx", "pictures") == 0
    x = np.ones((1, 3, 16, 20), np.float32)
    want, got = (
        open_session(path).run(None, {"input": x})[0]
        for path in (float_file, place / "out/fp32.onnx")
    )
    np.testing.assert_array_equal(got, want)


class Page(HTMLParser):
    """What a page asks other places for, its pictures and its words."""

    def __init__(self, text):
        super().__init__()
        self.asked, self.pictures, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.asked += [given[name] for name in ("src", "href", "srcset") if name in given]
        if tag in ("svg", "img"):
            self.pictures.append(given.get("aria-label") or given.get("alt"))

    def handle_data(self, data):
        self.words += f"{data} "


def test_a_report_is_the_record_of_a_file_and_a_folder_of_images(place, float_file):
    made = cli.main(["report", str(float_file), "--images", "pictures", "--out", "out",
                     "--seconds", "0.1"])  # fmt: skip
    assert made == 0
    said, text = written(place), (place / "out/record.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.asked == []
    assert "url(" not in text
    assert "@import" not in text
    sizes = [said["files"][name]["bytes"] / 1e6 for name in ("FP32", "INT8")]
    assert page.pictures[0] == f"Size: FP32 {sizes[0]:,.3g} MB; INT8 {sizes[1]:,.3g} MB"
    assert page.pictures[1].startswith("Latency, median: FP32 ")
    for words in ("What stayed float, and why", "The layers that lose the most", "On older CPUs",
                  "Recipe", "Machine and versions", said["machine"]["cpu"], said["date"],
                  "percentile"):  # fmt: skip
        assert words in page.words
    worst = min(said["layers"]["layers"], key=lambda layer: layer["isolated"]["sqnr_db"])
    assert worst["name"] in page.words
    assert said["saturation"]["pairs"] > 0
    assert said["unsaid"] == []


def test_what_a_page_is_written_in_can_be_read():
    """WCAG 2.2, AA: text 4.5 to 1 against its ground, bars 3 to 1, light and dark."""
    for colours in re.findall(r":root \{(.*?)\}", STYLE, re.S):
        given = dict(re.findall(r"--(\w+): (#\w{6})", colours))
        for name, least in (("ink", 4.5), ("soft", 4.5), ("fp32", 3), ("int8", 3)):
            assert contrast(given[name], given["paper"]) >= least, name


def contrast(*colours):
    """The contrast ratio of WCAG 2.2, of relative luminances in sRGB."""
    found = []
    for colour in colours:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        found.append(sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))
    return (max(found) + 0.05) / (min(found) + 0.05)


def test_an_int8_file_of_your_own_is_taken_as_it_is(place, float_file, capsys):
    assert record(float_file, "pictures") == 0
    shutil.copy(place / "out/int8.onnx", place / "mine.onnx")
    assert record(float_file, "pictures", "--int8", "mine.onnx") == 0
    assert written(place)["quantized_by"] == "given"
    assert written(place)["data"]["calibration"] == 0
    assert (place / "out/int8.onnx").read_bytes() == (place / "mine.onnx").read_bytes()
    assert "quantized by given" in capsys.readouterr().out


def test_json_is_what_the_file_holds(place, float_file, capsys):
    assert record(float_file, "pictures", "--json") == 0
    assert json.loads(capsys.readouterr().out) == written(place)


def test_a_target_that_is_missed_exits_with_1(place, float_file):
    assert record(float_file, "pictures", "--least-speed-up", 1000) == 1
    assert written(place)["verdicts"] == {"speed-up": "missed"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["detektor", "pictures"], "name one of detector, segmenter, classifier"),
        (["detector", "nowhere"], "There is no folder nowhere"),
        (["detector", "empty"], "holds no picture"),
        (["detector", "pictures", "--size", "9", "9"], "brings its own preprocessing"),
        (["detector", "pictures", "--most-lost", "1"], "needs labels and boxes"),
        (["detector", "pictures", "--recipe", "nowhere.json"], "nowhere.json"),
        (["detector", "pictures", "--recipe", "net.py"], "the recipe is not JSON"),
        (["detector", "pictures", "--int8", "net.py"], "not an ONNX model"),
        (["nowhere.onnx", "pictures"], "nowhere.onnx does not exist"),
        (["net.onnx", "pictures", "--recipe", "net.py"], "the recipe is not JSON"),
        (["net.onnx", "pictures", "--int8", "net.onnx", "--recipe", "net.py"], "leave one of them"),
        (["quantized.onnx", "pictures"], "is quantized already"),
        (["open.onnx", "pictures"], "pass --size"),
        (["flat.onnx", "pictures"], "reads an input of 2 axes"),
        (["four.onnx", "pictures"], "reads 4 pictures at once"),
        (["net.py:make", "pictures"], "pass --size"),
        (["net.py:make", "one", "--size", "20", "28"], "two are the fewest"),
        (
            ["net.py:make", "pictures", "--size", "2", "2"],
            "does not run on the example of",
        ),
        (["net.py:make", "pictures", "--size", "9", "9", "--std", "0", "1", "1"], "std is"),
        (["net.py:number", "pictures", "--size", "9", "9"], "gives a int"),
        (["net.py:fails", "pictures", "--size", "9", "9"], "no weights here"),
        (["net.py:nobody", "pictures"], "has no 'nobody'"),
        (["none.py:make", "pictures"], "there is no file none.py"),
        (["no_such_module:make", "pictures"], "cannot be imported"),
        (["broken.py:make", "pictures"], "cannot be imported (ZeroDivisionError"),
        (["net.py:Learned", "pictures", "--size", "9", "9"], "trace"),
        (["detector", "coco", "--decode", "net.py:no_boxes"], "decoding failed (IndexError"),
        (["detector", "coco", "--decode", "make"], "write module:function"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_2(
    place, coco, float_file, capsys, arguments, said
):
    (place / "empty").mkdir()
    (place / "one").mkdir()
    shutil.copy(place / "pictures/0.png", place / "one")
    (place / "broken.py").write_text("1 / 0")
    _variants(float_file, place)
    assert record(*arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not (place / "out/record.json").exists()


def _variants(float_file, place):
    """Files like the float one, each with a fault."""
    model = onnx.load(float_file)
    sides = model.graph.input[0].type.tensor_type.shape.dim
    sides[0].dim_value = 4
    onnx.save(model, place / "four.onnx")
    sides[0].dim_param = "N"
    sides[2].dim_param = "height"
    onnx.save(model, place / "open.onnx")
    del sides[2:]
    onnx.save(model, place / "flat.onnx")
    model = onnx.load(float_file)
    model.graph.node.add(op_type="QuantizeLinear")
    onnx.save(model, place / "quantized.onnx")


def test_labels_without_a_common_class_are_refused(place, coco, capsys):
    path = coco / "instances.json"
    content = json.loads(path.read_text())
    for entry in content["categories"]:
        entry["name"] = f"my {entry['name']}"
    path.write_text(json.dumps(content))
    assert record("detector", coco) == 2
    assert "no class in common" in capsys.readouterr().err


def test_another_network_as_int8_is_refused(place, float_file, capsys):
    other = nn.Conv2d(3, 7, 3).eval()
    export_onnx(other, place / "other.onnx", np.zeros((1, 3, 16, 20), np.float32))
    assert record(float_file, "pictures", "--int8", "other.onnx") == 2
    assert "they are not one network" in capsys.readouterr().err


def test_a_networks_own_preprocessing_counts(place):
    (place / "own.py").write_text(
        NET + "\nfrom quantlab.scenes import Preprocessing\n\ndef mine():\n    net = make()\n"
        "    net.preprocessing = Preprocessing(12, 14, std=(0.5, 0.5, 0.5))\n    return net\n"
    )
    assert record("own.py:mine", "pictures") == 0
    want = Preprocessing(12, 14, std=(0.5, 0.5, 0.5)).to_dict()
    assert written(place)["data"]["preprocessing"] == want


def test_training_scenes_are_written_as_they_are_drawn(place):
    folder = write_coco_folder(Train(2), place / "deep/train")
    for number, scene in enumerate(Train(2), 1):
        picture = np.asarray(Image.open(folder / f"{number:06d}.png"))
        np.testing.assert_array_equal(picture, scene.image)
