"""Each classic mistake of a pipeline is made on purpose, and must be named."""

import json

import numpy as np
import pytest

from quantlab.analysis import compare_preprocessing

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
M, S = MEAN.reshape(3, 1, 1), STD.reshape(3, 1, 1)


def photographs(n=3, size=48, seed=0):
    """uint8 pictures: smooth, channels alike, a little grain, as (N, 3, size, size)."""
    rng = np.random.default_rng(seed)
    tent = np.array([np.interp(np.linspace(0, 7, size), np.arange(8), e) for e in np.eye(8)]).T
    light = 0.7 * rng.random((n, 1, 8, 8)) + 0.3 * rng.random((n, 3, 8, 8))
    smooth = tent @ light @ tent.T
    return np.rint(255 * np.clip(smooth + rng.normal(0, 0.03, smooth.shape), 0, 1))


RAW = photographs()
TRAINING = (RAW / 255 - M) / S
BGR = RAW[:, ::-1]
SWAPPED = "deployed shows the channels in the order 2, 1, 0 of training: RGB and BGR are swapped."

MISTAKES = {
    "none": (TRAINING, []),
    "no normalization": (RAW / 255, ["not normalized"]),
    "raw pixels": (RAW, ["raw pixels from 0 to 255"]),
    "no division by 255": ((RAW - M) / S, ["without the division by 255"]),
    "normalized twice": ((TRAINING - M) / S, ["normalized twice"]),
    "swapped after": (TRAINING[:, ::-1], ["RGB and BGR"]),
    "swapped before": ((BGR / 255 - M) / S, ["RGB and BGR", "swapped before"]),
    "swapped and raw": (BGR, ["RGB and BGR", "raw pixels"]),
    "other constants": (RAW / 127.5 - 1, ["mean 0.5, 0.5, 0.5 and std 0.5, 0.5, 0.5"]),
    "mirrored": (TRAINING[..., ::-1], ["mirrored"]),
    "channels last": (np.moveaxis(TRAINING, 1, 3), ["channels last"]),
    "half the size": (
        TRAINING.reshape(3, 3, 24, 2, 24, 2).mean(axis=(3, 5)),
        ["24 x 24 pixels, training 48 x 48"],
    ),
    "nearest neighbour": (
        np.kron(TRAINING[..., ::2, ::2], np.ones((2, 2))),
        ["not pixel by pixel"],
    ),
    "nearest and swapped": (
        np.kron(TRAINING[:, ::-1, ::2, ::2], np.ones((2, 2))),
        ["not pixel by pixel", "RGB and BGR"],
    ),
    "a crop": (np.kron(TRAINING[..., 12:36, 12:36], np.ones((2, 2))), ["not show the same"]),
    "shuffled images": (TRAINING[::-1], ["images in another order"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_named_and_nothing_else(name):
    deployed, expected = MISTAKES[name]
    result = compare_preprocessing(TRAINING, deployed, mean=MEAN, std=STD)
    assert len(result.findings) == len(expected), result.findings
    for sentence, part in zip(result.findings, expected, strict=True):
        assert part in sentence
    assert result.same == (not expected)
    json.dumps(result.to_dict())


def test_rounding_to_a_byte_is_no_difference():
    resized = TRAINING * S + M  # the same pixels, kept as bytes for a while
    again = (np.rint(255 * resized) / 255 - M) / S
    noisy = np.rint(255 * resized + np.random.default_rng(0).uniform(-0.5, 0.5, RAW.shape)) / 255
    assert compare_preprocessing(TRAINING, again).same
    assert compare_preprocessing(TRAINING, (noisy - M) / S).same


@pytest.mark.parametrize(
    ("first", "second", "part"),
    [
        (RAW / 255, RAW, "the division by 255 is missing"),
        (RAW / 255, RAW / 255**2, "divides by 255 twice"),
        (RAW / 255, 2 * (RAW / 255) - 1, "it maps 0..1 to -1..1"),
        (RAW / 255, RAW / 256, "it divides by 256 instead of 255"),
        (RAW, RAW / 127.5 - 1, "it maps 0..255 to -1..1"),
        (RAW / 255, TRAINING, "One more normalization does that, mean 0.485, 0.456, 0.406"),
        (TRAINING, RAW / 255, "A normalization left out does that, mean 0.485, 0.456, 0.406"),
        (RAW / 255, 1 - RAW / 255, "-1 * training +1"),
        (RAW / 255, RAW / 255 * 3, "3 * training"),
    ],
)
def test_without_constants_the_numbers_speak(first, second, part):
    (sentence,) = compare_preprocessing(first, second).findings
    assert part in sentence


def test_statistics_are_numpys():
    result = compare_preprocessing(RAW / 255, TRAINING)
    for c, channel in enumerate(result.second):
        x = TRAINING[:, c].astype(np.float32)
        assert (channel.low, channel.high) == (x.min(), x.max())
        assert channel.mean == pytest.approx(TRAINING[:, c].mean(), abs=1e-6)
        assert channel.std == pytest.approx(TRAINING[:, c].std(), rel=1e-6)
        assert sum(channel.counts) == x.size
    assert result.edges[1][0] == min(channel.low for channel in result.second)
    lines = str(result).splitlines()
    assert lines[0] == "training: 3 x 3 x 48 x 48; deployed: 3 x 3 x 48 x 48"
    assert " ".join(lines).endswith(result.findings[-1])


def test_names_are_used():
    result = compare_preprocessing(RAW / 255, RAW, names=("notebook", "phone"))
    assert result.findings == ("phone is 255 times notebook: the division by 255 is missing.",)


@pytest.mark.parametrize(
    ("first", "second", "constants", "sentence"),
    [
        (RAW, RAW[0], {}, r"deployed has shape \(3, 48, 48\), but a batch of images has four axes"),
        (RAW, RAW[:2], {}, "must show the same images"),
        (RAW, RAW[:, :1], {}, "same channels"),
        (RAW.astype(np.uint8), RAW, {}, "training has dtype uint8"),
        (RAW, np.full_like(RAW, np.nan), {}, "deployed holds nan"),
        (RAW, RAW, {"mean": MEAN}, "pass both, or neither"),
        (RAW, RAW, {"mean": MEAN, "std": 0 * STD}, "std above 0"),
        (RAW, RAW, {"mean": MEAN[:2], "std": STD[:2]}, "a normalization of 3 channels"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(first, second, constants, sentence):
    with pytest.raises(ValueError, match=sentence):
        compare_preprocessing(first, second, **constants)
