"""The functions of Trino by name, and those that DuckDB lacks, in its SQL."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Final

import duckdb

from embedded.athena.answers import scientific

TRINO_FUNCTIONS: Final = frozenset(Path(__file__).with_name("trino_functions.txt").read_text().split())
"""What `SHOW FUNCTIONS` of Trino 483 lists, and the functions that its grammar has."""

MACROS: Final = """
CREATE MACRO json_scalar(document, path) AS CASE
  WHEN NOT json_valid(CAST(document AS VARCHAR)) THEN NULL
  WHEN json_type(document, path) IN ('OBJECT', 'ARRAY') THEN NULL
  ELSE json_extract_string(document, path) END;
CREATE MACRO json_part(document, path) AS CASE
  WHEN NOT json_valid(CAST(document AS VARCHAR)) THEN NULL ELSE json_extract(CAST(document AS JSON), path) END;
CREATE MACRO json_size(document, path) AS CASE json_type(document, path)
  WHEN 'ARRAY' THEN CAST(json_array_length(document, path) AS BIGINT)
  WHEN 'OBJECT' THEN CAST(len(json_keys(document, path)) AS BIGINT) WHEN NULL THEN NULL ELSE 0 END;
CREATE MACRO json_array_get(document, position) AS json_extract(CAST(document AS JSON), CAST(position AS BIGINT));
CREATE MACRO is_json_scalar(document) AS json_type(document) NOT IN ('OBJECT', 'ARRAY');
CREATE MACRO nan() AS CAST('nan' AS DOUBLE);
CREATE MACRO infinity() AS CAST('infinity' AS DOUBLE);
CREATE MACRO is_finite(x) AS isfinite(x);
CREATE MACRO codepoint(x) AS unicode(x);
CREATE MACRO from_unixtime_nanos(x) AS to_timestamp(x / 1e9);
CREATE MACRO current_timezone() AS 'UTC';
CREATE MACRO year_of_week(x) AS isoyear(x);
CREATE MACRO yow(x) AS isoyear(x);
CREATE MACRO to_utf8(x) AS encode(x);
CREATE MACRO from_utf8(x) AS decode(x);
CREATE MACRO quotient(a BIGINT, b BIGINT) AS a // b, (a HUGEINT, b HUGEINT) AS a // b, (a DOUBLE, b DOUBLE) AS a / b;
CREATE MACRO distinct_in_order(a) AS list_filter(a, lambda each, number: list_position(a, each) = number);
CREATE MACRO common_in_order(a, b) AS
  list_filter(distinct_in_order(a), lambda each: list_position(b, each) IS NOT NULL);
CREATE MACRO part_of_list(a, first, size) AS
  list_slice(a, CASE WHEN first < 0 THEN len(a) + first + 1 ELSE first END,
    CASE WHEN first < 0 THEN len(a) + first ELSE first - 1 END + size);
CREATE MACRO zip_2(a, b) AS list_transform(list_zip(a, b), lambda each: {'_0': each[1], '_1': each[2]});
CREATE MACRO zip_3(a, b, c) AS
  list_transform(list_zip(a, b, c), lambda each: {'_0': each[1], '_1': each[2], '_2': each[3]});
CREATE MACRO repeated_in_list(x, times) AS list_transform(range(times), lambda each: x);
CREATE MACRO piece_of(x, delimiter, number) AS CASE
  WHEN number <= len(string_split(x, delimiter)) THEN string_split(x, delimiter)[number] END;
CREATE MACRO hamming_distance(a, b) AS CAST(hamming(a, b) AS BIGINT);
CREATE MACRO levenshtein_distance(a, b) AS levenshtein(a, b);
CREATE MACRO width_bucket(x, low, high, buckets) AS CAST(CASE WHEN x < low THEN 0 WHEN x >= high THEN buckets + 1
  ELSE floor((x - low) / (high - low) * buckets) + 1 END AS BIGINT);
CREATE MACRO e() AS exp(1.0);
CREATE MACRO log2(x) AS log(2, x);
CREATE MACRO bitwise_and(a, b) AS CAST(a AS BIGINT) & CAST(b AS BIGINT);
CREATE MACRO bitwise_or(a, b) AS CAST(a AS BIGINT) | CAST(b AS BIGINT);
CREATE MACRO cosine_similarity(a, b) AS list_cosine_similarity(a, b);
"""


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to a connection the functions of Trino that DuckDB lacks."""
    connection.execute(MACROS)
    connection.create_function("double_text", scientific, ["DOUBLE"], "VARCHAR")


def add_quotient(connection: duckdb.DuckDBPyConnection, precision: int, scale: int) -> str:
    """Add the division of two decimals with a quotient of `precision` and `scale`, and return its name."""
    name = f"decimal_quotient_{precision}_{scale}"
    kind = f"DECIMAL({precision},{scale})"

    def divide(dividend: str, divisor: str) -> Decimal:
        with localcontext() as context:
            context.prec = 80
            return (Decimal(dividend) / Decimal(divisor)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)

    connection.create_function(name, divide, ["VARCHAR", "VARCHAR"], kind)
    return name
