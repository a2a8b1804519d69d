"""Pure functions from a tally to scores and grades; a file for each noun."""
