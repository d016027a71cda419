"""Storage: the layout and the tables of the data lake, Parquet, S3 and DynamoDB."""
