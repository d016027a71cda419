"""The program on the real Pulumi engine, over a stand-in for the AWS provider: only run by `make pulumi`."""
