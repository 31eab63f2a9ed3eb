"""Signals that ask a training to stop: it finishes its step and saves first."""

from __future__ import annotations

import signal
from types import FrameType

import jax
from jax.experimental import multihost_utils


class Stopping:
    """Notes SIGINT and SIGTERM. Of several processes, all agree on the step to stop after."""

    def __init__(self) -> None:
        self.signal: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        signal.signal(number, signal.SIG_DFL)  # a second one ends it at once

    def asked(self, step: int, agree_every: int) -> bool:
        """Was one of the processes told to stop? They talk about it every few steps, since that takes time."""
        if jax.process_count() == 1:
            return self.signal is not None
        if step % agree_every != 0:
            return False
        mine = -1 if self.signal is None else self.signal
        told = int(multihost_utils.process_allgather(mine).max())
        if told >= 0:
            self.signal = told
        return told >= 0
