"""The kernel's side: magics, cell handling, the live output and the ipywidgets panel."""
