"""A Generations server at a distance: the verbs of a collection, over HTTP."""
