"""prefect.yaml says what the recipes say."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_deployments_carry_the_demo_recipe() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    demo = yaml.safe_load((ROOT / "recipes" / "demo.yaml").read_text(encoding="utf-8"))
    assert [deployment["parameters"]["recipe"] for deployment in deployments] == [demo, demo]
    assert [len(deployment["schedules"]) for deployment in deployments] == [0, 1]
