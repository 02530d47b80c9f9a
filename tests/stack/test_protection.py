"""Who may speak to the servers of `seqloom up`, and what a run may bring with it."""

import asyncio
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.exceptions import PrefectHTTPStatusError
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from seqloom.stack.layout import CPU_POOL
from seqloom.stack.password import password_file
from seqloom.stack.prefect_post import authorization, post
from seqloom.stack.provision import NOTHING_TO_SET, POOLS, _make_pool
from tests.stack.stack_process import RunningStack

BROUGHT: dict[str, Any] = {
    "command": "sh -c 'id > PWNED'",
    "env": {"PYTHONPATH": "/tmp"},
    "env.LD_PRELOAD": "/tmp/evil.so",
    "working_dir": "/tmp",
    "name": "{{ prefect.blocks.secret.token }}",
}
PATHS = ["/deployments/filter", "/work_pools/", "/work_pools/filter", "/flow_runs/", "/deployments/", "/block_types/"]


def ask(url: str, auth_string: str = "", method: str = "GET", **headers: str) -> int:
    body = {"json": {}} if method == "POST" else {}
    return httpx.request(method, url, headers=authorization(auth_string) | headers, timeout=60, **body).status_code  # type: ignore[arg-type]


def test_prefect_wants_the_password_of_the_home(stack: RunningStack) -> None:
    assert ask(f"{stack.prefect_api}/health") == 200
    for auth_string in ("", "seqloom:wrong", f"{stack.auth_string}x"):
        assert ask(f"{stack.prefect_api}/admin/settings", auth_string) == 401
    assert ask(f"{stack.prefect_api}/admin/settings", stack.auth_string) == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_change_wants_proof_that_its_sender_can_read(stack: RunningStack, path: str) -> None:
    assert ask(f"{stack.prefect_api}{path}", stack.auth_string, "POST") == 403


def test_a_command_that_knows_no_prefect_can_ask(stack: RunningStack) -> None:
    assert {pool["name"] for pool in post(stack.prefect_api, "/work_pools/filter", stack.auth_string)} >= {CPU_POOL}
    with pytest.raises(OSError, match="401"):
        post(stack.prefect_api, "/work_pools/filter", "")


@pytest.mark.parametrize(
    "foreign",
    [{"Origin": "http://127.0.0.1:9"}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Host": "evil.example"}],
    ids=str,
)
def test_neither_server_answers_a_foreign_page(stack: RunningStack, foreign: dict[str, str]) -> None:
    mlflow = f"{stack.mlflow_url}/api/2.0"
    for url in (stack.prefect_url, f"{stack.prefect_api}/admin/version", f"{mlflow}/mlflow/experiments/search"):
        for method in ("GET", "POST", "OPTIONS"):
            assert ask(url, stack.auth_string, method, **foreign) == 403
    for path in ("mlflow/registered-models/create", "mlflow-artifacts/artifacts/evil"):
        assert ask(f"{mlflow}/{path}", "", "POST", **foreign) == 403


def test_their_own_pages_are_not_shown_in_frames(stack: RunningStack) -> None:
    for url in (stack.prefect_url, stack.mlflow_url):
        assert httpx.get(url, follow_redirects=True, timeout=60).headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("name", BROUGHT)
def test_a_run_brings_nothing_that_the_worker_obeys(stack: RunningStack, name: str) -> None:
    with stack.client() as client:
        found = client.read_deployment_by_name("clean-up/weekly-look")
        with pytest.raises(PrefectHTTPStatusError, match="Additional properties are not allowed"):
            client.create_flow_run_from_deployment(found.id, job_variables={name: BROUGHT[name]})


def test_not_even_one_that_the_server_let_through(stack: RunningStack) -> None:
    async def make() -> ProcessJobConfiguration:
        async with PrefectClient(stack.prefect_api, auth_string=stack.auth_string) as client:
            return await ProcessJobConfiguration.from_template_and_values(NOTHING_TO_SET, BROUGHT, client=client)

    made = asyncio.run(make())
    assert (made.command, made.env, made.working_dir, made.name) == (None, {}, None, None)


def test_a_pool_from_before_is_mended(stack: RunningStack) -> None:
    old = WorkPoolUpdate(base_job_template=ProcessWorker.get_default_base_job_template(), is_paused=True)
    with stack.client() as client:
        client.update_work_pool("seqloom-gpu", old)
        _make_pool(client, "seqloom-gpu", POOLS["seqloom-gpu"])
        pool = client.read_work_pool("seqloom-gpu")
        client.update_work_pool("seqloom-gpu", WorkPoolUpdate(is_paused=False))
    assert pool.base_job_template == NOTHING_TO_SET
    assert pool.is_paused


def test_the_password_is_written_to_its_file_alone(stack: RunningStack) -> None:
    """Neither whole nor as the header says it."""
    secret = stack.auth_string.partition(":")[2].encode()
    header = authorization(stack.auth_string)["Authorization"].partition(" ")[2].encode()
    files = [file for file in stack.home.rglob("*") if file.is_file() and not file.is_symlink()]
    assert stack.home / "prefect" / "prefect.db" in files
    found = [file for file in files if any(each in file.read_bytes() for each in (secret, header))]
    assert found == [password_file(stack.home)]
