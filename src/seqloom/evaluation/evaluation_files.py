"""What lies in the folder of a finished evaluation."""

SCORES_FILE = "scores.json"
HYPOTHESES_FILE = "hypotheses.parquet"
EXAMPLES_FILE = "examples.json"
FIGURES_FOLDER = "figures"
