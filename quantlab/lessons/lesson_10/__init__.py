"""Lesson 10, the capstone: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_plans": ".explorer",
    **dict.fromkeys(("frame_interval", "frame_parts", "frame_times"), ".material.frames"),
    **dict.fromkeys(("kept_row", "kept_table"), ".material.kept"),
    **dict.fromkeys(("by_class", "by_slice", "hard_samples", "judged"), ".material.looking"),
    "small_coco_folder": ".material.own",
    **dict.fromkeys(
        (
            "BUDGET_MS",
            "GOOD",
            "MOST_LOST",
            "compare_plans",
            "exported",
            "points_lost",
            "reached_here",
        ),
        ".material.plans",
    ),
    **dict.fromkeys(("one_ruler_scores", "shown_on", "thresholds_table"), ".material.traps"),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
