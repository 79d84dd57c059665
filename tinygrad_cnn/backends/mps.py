"""PyTorch's questions about the GPU of a Mac, which is not used here."""


def is_available() -> bool:
    """False."""
    return False


def is_built() -> bool:
    """False."""
    return False
