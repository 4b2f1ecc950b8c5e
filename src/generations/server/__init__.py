"""HTTP over one store: routes parse, call and serialize; what they mean is the collection's."""
