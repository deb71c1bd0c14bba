"""The user's code on its way to a job: what travels, what stays, what it requires."""
