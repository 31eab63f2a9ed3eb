"""Trains a bundle that pullback has exported, on every device that XLA knows."""
