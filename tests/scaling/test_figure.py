import sys

from jupyter_sdt.scaling.figure import redraw, study_figure
from jupyter_sdt.scaling.model import fit
from jupyter_sdt.scaling.panels import StudyPicture


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_three_panels_show_the_measured_values_with_units(rows_of):
    rows = rows_of({1: (1000.0,), 2: (1800.0,)})
    figure = study_figure(StudyPicture(name="s", scaling="strong", rows=rows))
    throughput, speedup, efficiency = figure.axes
    assert throughput.get_ylabel() == "samples per second, all ranks"
    assert speedup.get_ylabel() == "times the throughput of 1 rank"
    assert [a.get_xlabel() for a in figure.axes] == ["world size (ranks)"] * 3
    assert texts_of(throughput)[:2] == ["1,000", "1,800"]
    assert texts_of(speedup)[:2] == ["1.00", "1.80"]
    assert texts_of(efficiency)[:2] == ["100%", "90%"]


def test_the_ideal_line_of_the_speedup_is_relative_to_the_smallest_size(rows_of):
    rows = rows_of({2: (1000.0,), 4: (1800.0,)})
    figure = study_figure(StudyPicture(name="s", scaling="strong", rows=rows, planned=[2, 4, 8]))
    ideal = next(line for line in figure.axes[1].lines if line.get_label() == "ideal")
    assert list(ideal.get_xdata()) == [2, 4, 8]
    assert list(ideal.get_ydata()) == [1, 2, 4]


def test_a_partial_study_is_drawn_on_the_axes_of_the_whole_and_redrawn_in_place(rows_of):
    picture = StudyPicture(name="s", scaling="weak", planned=[1, 2])
    figure = study_figure(picture)
    assert [float(t) for t in figure.axes[0].get_xticks()] == [1, 2]
    rows = rows_of({1: (1000.0,), 2: (1800.0,)})
    redraw(figure, StudyPicture(name="s", scaling="weak", rows=rows, planned=[1, 2]))
    assert len(figure.axes) == 3
    assert "1,800" in texts_of(figure.axes[0])


def test_the_prediction_reaches_twice_the_largest_size(rows_of):
    rows = rows_of({1: (1000.0,), 2: (1800.0,), 4: (3000.0,)})
    model = fit(rows)
    figure = study_figure(StudyPicture(name="s", scaling="strong", rows=rows, model=model))
    predicted = next(
        line for line in figure.axes[0].lines if str(line.get_label()).startswith("predicted")
    )
    assert predicted.get_xdata()[-1] == 8
    assert predicted.get_ydata()[-1] == model.throughput(8)


def test_far_apart_sizes_are_drawn_on_logarithmic_axes(rows_of):
    rows = rows_of({1: (1000.0,), 16: (9000.0,)})
    figure = study_figure(StudyPicture(name="s", scaling="strong", rows=rows))
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log", "linear"]


def test_repeats_are_drawn_as_a_range(rows_of):
    rows = rows_of({1: (900.0, 1000.0, 1200.0)})
    figure = study_figure(StudyPicture(name="s", scaling="strong", rows=rows))
    (bars,) = figure.axes[0].containers[0].lines[2]
    assert bars.get_segments()[0].tolist() == [[1, 900], [1, 1200]]


def test_the_figure_can_be_saved_and_leaves_pyplot_alone(rows_of, tmp_path):
    rows = rows_of({1: (1000.0,), 2: (1800.0,)})
    picture = StudyPicture(name="s", scaling="strong", rows=rows, model=fit(rows), footnote="where")
    before = "matplotlib.pyplot" in sys.modules
    study_figure(picture).savefig(tmp_path / "study.png")
    assert (tmp_path / "study.png").stat().st_size > 10_000
    assert ("matplotlib.pyplot" in sys.modules) == before
