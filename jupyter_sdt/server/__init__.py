"""The Jupyter server's side: REST and a stream over the job directories, for JupyterLab."""
