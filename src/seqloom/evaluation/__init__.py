"""Evaluation: metrics, baselines, significance tests, slices, examples and plots; and its output files."""

SCORES_FILE = "scores.json"
HYPOTHESES_FILE = "hypotheses.parquet"
EXAMPLES_FILE = "examples.json"
ATTENTION_FILE = "attention.json"  # explanations of some answers, also of models without attention
FIGURES_FOLDER = "figures"
CONFIDENCE_PLOT = "confidence.png"  # in the folder of figures
