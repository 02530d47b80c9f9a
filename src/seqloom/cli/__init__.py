"""Command line `seqloom`: a module for each group of commands, and what they print."""
