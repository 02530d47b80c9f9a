"""The sections of a recipe, one for each stage."""
