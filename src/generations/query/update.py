"""Updates (being written)."""


class Update:
    """An update."""


def parse_update(*a, **k):
    raise NotImplementedError


def apply_update(*a, **k):
    raise NotImplementedError
