"""From people to ratings."""
