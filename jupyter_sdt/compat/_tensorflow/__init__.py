"""TensorFlow's tensors through torch's process groups: what the TensorFlow front ends share."""
