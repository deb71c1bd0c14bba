"""sagemaker_training: the names of SageMaker's training toolkit that scripts read."""
