"""What torch.sagemaker consists of: tensor-parallel transformers inside torch's FSDP."""
