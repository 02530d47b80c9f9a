"""Recipes: schema, reading, validation and adaptive defaults."""
