"""From reward to behaviour."""
