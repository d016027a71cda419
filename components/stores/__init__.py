"""The DynamoDB tables behind the library's stores: one file a store, with the IAM actions that its methods need."""
