"""Mixtura: how diverse should generated data be, and how much of it to mix with real data."""

__version__ = "0.1.0"
