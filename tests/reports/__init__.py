"""Reports: escaped, self-contained, with every part that an evaluation has."""
