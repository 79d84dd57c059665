"""Measurements: ratios taken in turns in one run, never bare times. Each module is a command: `python -m benchmarks.X`."""
