"""The strategies that come with Tickfold, one a file."""
