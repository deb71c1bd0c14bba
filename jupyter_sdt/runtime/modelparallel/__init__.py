"""Model parallelism for scripts written for SageMaker's library, on CPU and GPU."""
