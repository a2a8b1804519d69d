"""What follows from results: proposals with their reasons beside what people decided; no file is opened here."""
