"""Where weights come from, and other ways to a ranking that a result can be held against."""
