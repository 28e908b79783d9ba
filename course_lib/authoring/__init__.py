"""From text sources to notebooks and problem sets."""
