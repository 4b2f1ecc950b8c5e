"""Long work over a store: each job is one function that reports its progress and may be run again."""
