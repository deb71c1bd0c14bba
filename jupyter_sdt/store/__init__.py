"""The job directory on disk: where the kernel, the server and the ranks meet."""
