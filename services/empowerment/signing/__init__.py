"""Closing the case: agreement and formalities."""
