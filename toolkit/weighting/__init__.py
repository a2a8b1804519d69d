"""Research on a scheme: where weights come from, and what would change with others."""
