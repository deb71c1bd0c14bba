"""A curve is drawn as SVG that any theme shows and a screen reader tells."""

from xml.etree import ElementTree as ET

import pytest

from jupyter_sdt.notebook.svg_chart import line_chart, short

FALLING = [(float(step), 10.0 / (step + 1)) for step in range(50)]


def parsed(*arguments, **keywords):
    return ET.fromstring(line_chart(*arguments, **keywords))


def test_the_chart_is_well_formed_and_named_for_screen_readers():
    chart = parsed("loss", FALLING)
    assert chart.get("role") == "img"
    assert chart.get("aria-label") == "loss 0.2, falling"


def test_the_curve_has_a_point_per_step_inside_the_picture():
    (line,) = parsed("loss", FALLING).iter("polyline")
    places = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
    assert len(places) == 50
    assert all(0 <= x <= 320 and 0 <= y <= 150 for x, y in places)
    assert places[0][1] < places[-1][1]  # falling values go down the page


def test_the_step_axis_ends_at_the_total_when_it_is_known():
    (line,) = parsed("loss", FALLING, x_end=98).iter("polyline")
    last = float(line.get("points").split()[-1].split(",")[0])
    assert last == pytest.approx(52 + (320 - 62) / 2)
    assert "step 98" in line_chart("loss", FALLING, x_end=98)


def test_noise_does_not_look_like_change_when_the_axis_begins_at_zero():
    noisy = [(float(step), 100.0 + step % 2) for step in range(20)]
    (line,) = parsed("samples/s", noisy, from_zero=True).iter("polyline")
    heights = [float(pair.split(",")[1]) for pair in line.get("points").split()]
    assert max(heights) - min(heights) < 3
    assert ">0</text>" in line_chart("samples/s", noisy, from_zero=True)


def test_text_takes_the_colour_of_the_theme():
    assert parsed("loss", FALLING).get("fill") == "currentColor"


def test_names_are_escaped():
    text = line_chart('<script>"&', FALLING)
    assert "<script>" not in text
    assert parsed('<script>"&', FALLING).get("aria-label").startswith('<script>"&')


def test_before_the_first_step_the_chart_says_that_it_waits():
    assert "waiting for the first step" in line_chart("loss", [])
    assert parsed("loss", []).get("aria-label") == "loss: no points yet"


@pytest.mark.parametrize("points", [[(3.0, 2.0)], [(0.0, 0.0), (1.0, 0.0)]])
def test_flat_and_single_points_can_be_drawn(points):
    assert list(parsed("loss", points).iter("polyline"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.03127, "0.0313"), (5210.4, "5,210"), (3.2e9, "3.2e+09"), (-12.0, "-12"), (0, "0")],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


def test_restarts_are_dashed_lines_with_a_name():
    picture = parsed("loss", [(1, 3.0), (9, 1.0)], restarts=[5, 40])
    marks = [path for path in picture.iter() if path.get("stroke-dasharray")]
    assert [mark[0].text for mark in marks] == ["restart 1, at step 5"]
    assert float(marks[0].get("d")[1:].split()[0]) == 52 + (320 - 62) / 2
