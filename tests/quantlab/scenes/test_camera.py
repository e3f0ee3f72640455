"""The camera: where points land, and what may be left out because nobody would see it."""

from dataclasses import replace
from math import inf

import pytest

from quantlab.scenes import CLASS_NAMES, scene
from quantlab.scenes.camera import Camera
from quantlab.scenes.canvas import Canvas
from quantlab.scenes.draws import Draws
from quantlab.scenes.layout import lay_out
from quantlab.scenes.scene import draw

CAMERA = Camera(320, 200, eye=1.6, focal=0.9, horizon=0.4, centre=0.45)


def test_an_enlarged_picture_shows_the_same_view():
    """Twice a float is exact, so every place is exactly twice as far from the corner."""
    u, v = CAMERA.project(1.3, 0.7, 11.0)
    assert CAMERA.enlarged(2).project(1.3, 0.7, 11.0) == (2 * u, 2 * v)
    assert CAMERA.enlarged(2).nearest() == CAMERA.nearest()


@pytest.mark.parametrize(("x", "outside"), [(0.0, False), (6.0, False), (8.5, True), (-8.5, True)])
def test_a_thing_passes_by_when_the_edges_of_the_picture_do_not_meet_it(x, outside):
    """At 10 m the picture ends 6.1 m to the right of the lens and 5 m to the left."""
    assert CAMERA.passes_by(x, 10.0, 1.5) is outside


def test_what_is_left_out_would_not_have_been_seen(monkeypatch):
    """Pictures with everything drawn are the same, also through a lens turned to one side."""
    layouts = [lay_out(seed, 96, 96) for seed in range(60)]
    layouts += [replace(x, camera=replace(x.camera, centre=c, focal=4.0))
                for x, c in zip(layouts, (-2.0, 0.2, 3.0) * 20, strict=True)]  # fmt: skip
    assert any(
        x.camera.passes_by(t.pose.x, t.pose.z, scene._ROOM[t.name])
        for x in layouts for t in x.things
    )  # fmt: skip
    left_out = [draw(layout).image.tobytes() for layout in layouts]
    monkeypatch.setattr(scene, "_ROOM", dict.fromkeys((*CLASS_NAMES, "clutter"), inf))
    assert left_out == [draw(layout).image.tobytes() for layout in layouts]


def test_room_holds_all_of_a_thing():
    """Every place that is drawn lies within a thing's room, seen across at the thing's distance.

    A flat thing takes its room from side to side at its own distance; a body's nearer end is larger
    by the distance over what is left of it.
    """
    checked = set()
    for seed in range(120):
        layout = lay_out(seed, 320, 320)
        for thing in layout.things:
            x, z, room = thing.pose.x, thing.pose.z, scene._ROOM[thing.name]
            if z <= room + 1:
                continue
            canvas, camera = Canvas(320, 320), layout.camera
            scene._DRAWERS[thing.name](canvas, camera.enlarged(2), thing.pose, Draws(thing.seed))
            extent = canvas.extent()
            if extent is None:
                continue
            for u, sign in ((extent[0], -1), (extent[2], 1)):
                slope = (u / camera.width - camera.centre) / camera.focal
                # The line of sight through u passes within `room` of the middle.
                assert sign * (slope * z - x) < room * (1 + slope * slope) ** 0.5, thing.name
            checked.add(thing.name)
    assert checked == {*CLASS_NAMES, "clutter"}
