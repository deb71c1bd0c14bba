"""What a training script may import: jupyter_sdt's guest in the training process."""
