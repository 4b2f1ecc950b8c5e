"""The benchmark: the package against the engine it stands on, in one run on one machine.

    python -m bench 10000 100000 1000000

Every ratio compares two ways to the same answer over the same data. Each measurement that opens a store runs in a
process of its own, since an engine opens one folder in the life of its process.
"""
