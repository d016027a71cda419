"""What outlives the embedded stack: the objects and items of one start are those of the next."""
