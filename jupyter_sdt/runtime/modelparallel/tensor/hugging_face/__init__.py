"""Hugging Face's transformers on the layers of ``smp.nn``, and their states both ways."""
