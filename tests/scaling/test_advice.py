from jupyter_sdt.scaling.advice import advise, batch_warning, table_text
from jupyter_sdt.scaling.model import fit


def test_the_best_size_keeps_seventy_percent_and_the_loss_at_the_largest_is_named(rows_of):
    rows = rows_of({1: (100.0,), 2: (180.0,), 4: (200.0,)})
    words = advise(rows, fit(rows))
    assert "World size 2 is the best" in words
    assert "1.80 times the throughput of 1 rank, efficiency 90%" in words
    assert "At 4 ranks 50% of the ranks' time is not training" in words
    assert "Amdahl's law predicts" in words
    assert "samples/s at 8 ranks" in words
    assert "misses the measured sizes by" in words


def test_when_no_larger_size_is_worth_it_the_smallest_is_advised(rows_of):
    assert "World size 1 is the best" in advise(rows_of({1: (100.0,), 2: (110.0,)}))


def test_two_sizes_do_not_claim_a_known_error(rows_of):
    rows = rows_of({1: (100.0,), 2: (190.0,)})
    assert "its error is unknown" in advise(rows, fit(rows))


def test_better_than_linear_is_said(rows_of):
    assert "better than linear" in advise(rows_of({1: (100.0,), 2: (210.0,)}))


def test_nothing_and_one_size_give_a_plain_sentence(rows_of):
    assert "Nothing has been measured" in advise([])
    assert "Only world size 1" in advise(rows_of({1: (100.0,)}))


def test_strong_scaling_with_a_growing_global_batch_is_called_out(rows_of):
    rows = rows_of({1: (100.0,), 2: (190.0,)}, {1: 64, 2: 128})
    warning = batch_warning(rows, "strong")
    assert "128 samples at world size 2 where 64 were expected" in warning
    assert "batch_size_hyperparameter" in warning
    assert batch_warning(rows, "weak") == ""


def test_weak_scaling_with_a_fixed_global_batch_is_called_out(rows_of):
    rows = rows_of({1: (100.0,), 2: (190.0,)}, {1: 64, 2: 64})
    assert "64 samples at world size 2 where 128 were expected" in batch_warning(rows, "weak")
    assert batch_warning(rows, "strong") == ""


def test_the_table_shows_units_and_the_spread_of_repeats(rows_of):
    text = table_text(rows_of({1: (90.0, 100.0, 110.0), 2: (180.0, 190.0, 200.0)}))
    assert "samples/s" in text
    assert "100 (90-110)" in text
    assert "1.90" in text
    assert "95%" in text
