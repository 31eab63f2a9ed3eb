"""What can be wrong with a bundle, a checkpoint, or the devices: one line each, with a code that stays."""


class RunnerError(Exception):
    """A mistake that the person at the keyboard can mend."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
