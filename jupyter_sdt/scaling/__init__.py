"""One estimator at several world sizes: speedup, efficiency, prediction."""
