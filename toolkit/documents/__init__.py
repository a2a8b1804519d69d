"""Any executed notebook as a document: read into blocks once, written from the same blocks in every format."""
