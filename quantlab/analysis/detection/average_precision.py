"""COCO's AP of any images, from matches made once."""

from __future__ import annotations

import numpy as np

from quantlab.analysis.detection.matches import Matches


def mean_average_precision(matches: Matches, index: np.ndarray) -> float:
    """COCO's AP over the images `index` names: the statistic of a paired bootstrap.

    Parameters
    ----------
    matches : Matches
    index : integer array (n,)
        Image numbers; an image that is named twice counts twice.

    Returns
    -------
    float
        0 to 1; NaN where these images hold no object. Classes without an object there are left
        out, as in COCO. It differs from COCO on copies of images only where two detections of one
        image and class have the same score.
    """
    weights = np.bincount(index, minlength=matches.images).astype(np.float64)
    every = [curve.read(weights).precision.mean() for curve in matches.curves]
    known = [precision for precision in every if not np.isnan(precision)]
    return float(np.mean(known)) if known else float("nan")
