"""The worst layers that exercise 7.4 asks for, kept: `measure_layers()` makes them again."""

from __future__ import annotations

from quantlab.teach.kept import kept_path, read_kept

KEPT = kept_path(__file__)


def kept_layers() -> dict[str, list[str]]:
    """Names of layers: the lowest alone and accumulated, the best alone, and before the mend.

    `lowest_in_the_table` are the lowest accumulated of the five that the table shows, `ends` the
    first layer and the last one.
    """
    return read_kept(KEPT)


def measure_layers() -> dict[str, list[str]]:
    """What `kept.yaml` holds, measured: the segmenter with two faults, and with all three."""
    from quantlab.lessons.lesson_07.material.measuring import errors_of
    from quantlab.lessons.lesson_07.material.models import (
        FIRST,
        LAST,
        calibrated_again,
        handed_over,
    )

    mended = errors_of(calibrated_again())
    every = sorted(mended.layers, key=lambda layer: -layer.isolated.sqnr_db)
    shown = sorted(mended.worst("isolated"), key=lambda layer: layer.accumulated.sqnr_db)
    return {
        "alone": [layer.name for layer in mended.worst("isolated", 3)],
        "accumulated": [layer.name for layer in mended.worst("accumulated", 2)],
        "best": [layer.name for layer in every[:2]],
        "before": [layer.name for layer in errors_of(handed_over()).worst("isolated", 2)],
        "lowest_in_the_table": [layer.name for layer in shown[:2]],
        "ends": [FIRST, LAST],
    }
