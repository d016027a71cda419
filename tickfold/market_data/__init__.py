"""Market data: series of bars, the store that keeps them in S3, and the files they are loaded from."""
