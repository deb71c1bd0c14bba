"""Jobs on ``ml.*`` instances: the request, what it costs, and following Amazon SageMaker."""
