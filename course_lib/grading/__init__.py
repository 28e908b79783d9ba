"""Marking problem sets, and checking that the marks can be trusted."""
