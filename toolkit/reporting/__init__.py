"""What people see: tables, figures, sentences, documents, and what may not be seen."""
