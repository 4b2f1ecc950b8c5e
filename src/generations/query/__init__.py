"""How we ask: MongoDB's language, parsed, checked and compiled to one SQL statement. Pure: no engine is needed to compile."""
