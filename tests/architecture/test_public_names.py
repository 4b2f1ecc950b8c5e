"""The public surface is designed: a change here is a change for everyone who imports the package."""

import pytest

import generations
from generations import errors

PUBLIC = [
    "AccessDenied",
    "AsyncCursor",
    "AsyncGenerations",
    "Busy",
    "Collection",
    "ConfigError",
    "Cursor",
    "Generation",
    "Generations",
    "GenerationsError",
    "InvalidInput",
    "InvalidQuery",
    "InvalidRecord",
    "LimitExceeded",
    "Limits",
    "MissingExtra",
    "NotFound",
    "QueryFailed",
    "RateLimited",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "TooLarge",
    "UnknownField",
    "UnknownOperator",
    "Unsupported",
    "generation",
    "instrument",
    "recorded",
    "sample_generations",
]


def test_the_public_names_are_these() -> None:
    assert sorted(generations.__all__) == PUBLIC


def test_every_public_name_is_there_and_is_listed_by_dir() -> None:
    for name in generations.__all__:
        assert getattr(generations, name) is not None
    assert set(generations.__all__) <= set(dir(generations))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Generatoins"):
        generations.Generatoins  # noqa: B018 - reading it is the test


def test_every_error_has_a_code_of_its_own() -> None:
    """Scripts and the server tell errors apart by code."""
    tree = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.GenerationsError)]
    codes = [error.code for error in tree]

    assert len(set(codes)) == len(codes)
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)
