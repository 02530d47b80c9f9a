"""The store cleaned up, as Prefect sees it."""

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from seqloom.artifact.home import home_folder
from seqloom.registry.clean_up import CleanUp, clean_up


@task(name="clean up", cache_policy=NO_CACHE)
def clear_artifacts(days: int, delete: bool) -> CleanUp:
    """Judge every folder, remove what nobody needs where that is asked for, and leave the table in the UI."""
    done = clean_up(home_folder(), days, delete)
    create_table_artifact([share.row for share in done.shares], key="clean-up", description=done.headline)
    return done
