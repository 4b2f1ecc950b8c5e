"""What a generation costs: prices of our own and of a library, and the arithmetic over the tokens of a record. Pure."""
