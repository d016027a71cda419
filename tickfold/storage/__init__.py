"""Where things are kept: bars, chunks, trades, equity and runs in S3 as Parquet."""
