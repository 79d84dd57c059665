"""PyTorch's switches of a library that is not used here. They may be set, and change nothing: every operation gives the
same bits again, and its kernel is chosen by a table."""

enabled = False
benchmark = False
deterministic = True
allow_tf32 = False


def is_available() -> bool:
    """False: no operation uses it."""
    return False


def version() -> None:
    """None, for there is none."""
