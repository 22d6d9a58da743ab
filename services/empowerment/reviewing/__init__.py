"""Judging an application: screening, feasibility, internal notice."""
