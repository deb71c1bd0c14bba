"""What a ``%%sdt_train`` cell says: its flags and its text, read in the same way everywhere."""
