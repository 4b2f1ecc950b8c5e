"""How others speak: each dialect is a pure function from a parsed payload to records in our shape."""
