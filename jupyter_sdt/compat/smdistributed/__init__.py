"""The names of SageMaker's distributed libraries, on top of jupyter_sdt.runtime."""
