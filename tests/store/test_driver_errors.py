"""Messages as the engines write them, and what becomes of them. The live ones are in `test_engine.py`."""

import pytest

from generations.errors import LimitExceeded, QueryFailed, StoreDamaged, StoreError, StoreUnavailable
from generations.store.driver_errors import translate

OF_A_SERVER = (
    "Received ClickHouse exception, code: 395, server response: Code: 395. DB::Exception: no value: while executing 'FUNCTION "
    "throwIf(equals(number, 3) :: 0, 'no value'_String :: 2) -> throwIf() UInt8 : 1'. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) "
    "(version 26.9.2.1 (official build)) (for url http://127.0.0.1:8123)"
)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (OF_A_SERVER, QueryFailed, "no value"),
        (
            "Code: 6. DB::Exception: Cannot parse string 'x' as Int32: syntax error at begin of string. Note: there are toInt32OrZero and "
            "toInt32OrNull functions: In scope SELECT toInt32('x'). (CANNOT_PARSE_TEXT)",
            QueryFailed,
            "Cannot parse string 'x' as Int32: syntax error at begin of string",
        ),
        (
            "Code: 159. DB::Exception: Timeout exceeded: elapsed 501.1 ms, maximum: 500 ms. (TIMEOUT_EXCEEDED)",
            LimitExceeded,
            "the query ran longer than it may (limit `seconds`): Timeout exceeded: elapsed 501.1 ms, maximum: 500 ms",
        ),
        (
            "Streaming query failed: Code: 396. DB::Exception: Limit for result exceeded, max rows: 9, current rows: 11. "
            "(TOO_MANY_ROWS_OR_BYTES)",
            LimitExceeded,
            "the query returns more rows than it may (limit `result_rows`): Limit for result exceeded, max rows: 9, current rows: 11",
        ),
        *(
            (text, LimitExceeded, "the query is longer, or nested deeper, than the engine reads")
            for text in (
                "Code: 62. DB::Exception: Max query size exceeded (can be increased with the `max_query_size` setting): Syntax error: "
                "failed at position 262143 (x216): x216. . (SYNTAX_ERROR)",
                "Code: 167. DB::Exception: AST is too deep. Maximum: 1000. (TOO_DEEP_AST)",
                "Code: 306. DB::Exception: Maximum parse depth (1000) exceeded. Consider rising max_parser_depth. (TOO_DEEP_RECURSION)",
                "Code: 168. DB::Exception: AST is too big. Maximum: 2000000. (TOO_BIG_AST)",
            )
        ),
        (
            "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)",
            StoreUnavailable,
            "the disk of here is full; nothing of this call was kept",
        ),
        (
            "Code: 75. DB::ErrnoException: Cannot write to file /x/data.bin: , errno: 28, strerror: No space left on device. "
            "(CANNOT_WRITE_TO_FILE_DESCRIPTOR)",
            StoreUnavailable,
            "the disk of here is full; nothing of this call was kept",
        ),
        (
            "Code: 40. DB::Exception: Checksum doesn't match: corrupted data.: (while reading from part /x/3f/all_12_40_3/ located on "
            "disk default): While executing MergeTreeSelect(pool: ReadPool, algorithm: Thread). (CHECKSUM_DOESNT_MATCH)",
            StoreDamaged,
            "part all_12_40_3 of here is damaged: Checksum doesn't match: corrupted data",
        ),
        ("Code: 252. DB::Exception: Too many parts (3000). (TOO_MANY_PARTS)", StoreUnavailable, "too many small inserts in a short time"),
        (
            "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)",
            StoreUnavailable,
            "here refused: default: Authentication failed",
        ),
        (
            "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE)",
            StoreError,
            "here failed: Unknown table expression identifier 'x'",
        ),
        ("something without a code", StoreError, "here failed: something without a code"),
    ],
)
def test_a_message_of_the_engine_becomes_one_for_people(text: str, kind: type[StoreError], said: str) -> None:
    error = translate(text, "here")

    assert type(error) is kind
    assert error.message == said
