"""How a subcommand says that it cannot do what was asked."""


class Failure(Exception):
    """Printed as one sentence; `code` becomes the exit code: 1 for what went wrong, 2 for wrong usage."""

    def __init__(self, message: object, code: int = 1) -> None:
        super().__init__(str(message))
        self.code = code


def sentence(error: Exception) -> str:
    """What `error` says first, closed by a full stop unless it asks."""
    text = str(error).splitlines()[0]
    return text if text.endswith(("?", ".")) else text + "."
