"""The kinds of task: for each, what is measured, what it has to beat, and how it answers."""
