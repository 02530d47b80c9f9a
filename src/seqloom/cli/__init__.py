"""The commands of `seqloom`, by what a person is about."""
