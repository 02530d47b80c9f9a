"""Links out of Prefect's UI."""

from prefect.artifacts import create_link_artifact

from seqloom.recipe.schema import Recipe
from tasks.retries import tell_prefect
from tasks.run_names import artifact_key


def link(recipe: Recipe, what: str, url: str, description: str) -> None:
    """Leave a link in the run, if there is a page to open."""
    if url:
        key = artifact_key(recipe, what)
        text = f"{recipe.name}: {description}"
        tell_prefect(f"a link to {url}", lambda: create_link_artifact(url, text, key=key, description=description))
