"""Entering an application: draft, team, conditions, submission."""
