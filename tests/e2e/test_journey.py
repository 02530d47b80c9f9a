"""A person's way through both UIs: fill in the form, wait, look at what was made, follow it to the registry.

The tests are stations of one journey, in this order.
"""

import re
import typing
from uuid import UUID

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.section import Section
from seqloom.registry.ui_links import TRAINING_VIEW
from tests.e2e import pictures
from tests.e2e.form import RAW_JSON, Form
from tests.stack.stack_process import RunningStack

NAME = "jupyterlab-en-zh"  # of the recipe that the form starts from
# All fields of a section in one look: a browser's answer takes tens of milliseconds.
DRAWN = """fields => fields.map(field => [
    [...field.querySelectorAll('input, textarea, button')].some(control =>
        control.matches('input, textarea, .p-select-button__control') || control.textContent.includes('Add item')),
    field.querySelectorAll('.schema-form-property__description').length
])"""
MINUTES = 60 if pictures.wanted() else 5
SECTIONS = {
    name.capitalize(): field.annotation
    for name, field in Recipe.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


@pytest.fixture(scope="module")
def form(page: Page, stack: RunningStack) -> Form:
    form = Form(page)
    form.open(stack.prefect_url, "train-on-demand")
    return form


@pytest.fixture(scope="module")
def run(form: Form, stack: RunningStack) -> UUID:
    """The run that the form starts, at its end."""
    form.choose("Model", "Encoder", "gru")
    form.page.mouse.wheel(0, -100_000)  # to its head, where the recipe's file is
    pictures.keep(form.page, "form")
    if not pictures.wanted():  # as little as a version needs; too little to beat the baselines
        form.type("Corpus", "Max Characters", "20")  # half of the rows, a quarter of the text
        form.type("Training", "Epochs", "1")
        form.type("Vectors", "Epochs", "1")
        form.type("Decoding", "Beam Size", "1")
        form.field("Registry", "Beat Baselines").get_by_role("switch").click()
    form.submit()
    expect(form.page.get_by_text("scheduled to start now").first).to_be_visible()
    with stack.client() as client:
        [asked] = [run for run in client.read_flow_runs() if not run.auto_scheduled]
    ended = stack.wait_for_end(asked.id, MINUTES * 60)
    assert ended.state is not None
    assert ended.state.is_completed(), stack.all_that_was_said()
    return asked.id


def test_every_section_is_drawn_as_fields(form: Form) -> None:
    assert form.page.locator(RAW_JSON).count() == 0
    assert list(SECTIONS) == [
        "Corpus",
        "Vocabulary",
        "Vectors",
        "Model",
        "Teaching",
        "Pretraining",
        "Training",
        "Decoding",
        "Evaluation",
        "Registry",
        "Serving",
    ]
    for title, section in SECTIONS.items():
        drawn = form.fields(title).evaluate_all(DRAWN)
        assert drawn == [[True, 1]] * len(section.model_fields), title


def test_drop_downs_offer_what_a_recipe_may_say(form: Form) -> None:
    kinds = typing.get_args(SECTIONS["Model"].model_fields["encoder"].annotation)
    assert form.choose("Model", "Encoder", "lstm") == list(kinds)


def test_values_out_of_range_are_refused_in_words_at_their_fields(form: Form) -> None:
    form.type("Training", "Gradient Accumulation", "0")
    form.type("Decoding", "Beam Size", "0")
    form.submit()
    expect(form.field("Training", "Gradient Accumulation")).to_contain_text(
        "0 is not a 'whole number, 1 or more, 100,000 or less'"
    )
    expect(form.field("Decoding", "Beam Size")).to_contain_text("0 is not a 'whole number, 1 or more, 256 or less'")
    form.type("Training", "Gradient Accumulation", "1")
    form.type("Decoding", "Beam Size", "5")


def test_the_run_shows_its_stages(page: Page, run: UUID, stack: RunningStack) -> None:
    page.goto(f"{stack.prefect_url}/runs/flow-run/{run}")
    expect(page.get_by_text("Completed").first).to_be_visible()
    expect(page.get_by_text(f"{NAME} · gru→lstm additive").first).to_be_visible()
    pictures.keep(page, "run")


@pytest.mark.parametrize(
    ("stage", "says", "has_image"),
    [
        ("corpus", "to train", False),
        ("vocabulary", "source", False),
        ("training", "parameters", True),
        ("evaluation", "nearest training source", True),
        ("gate-evidence", "answers in a fresh process", False),
    ],
)
def test_a_stage_has_a_page(stage: str, says: str, has_image: bool, page: Page, run: UUID, stack: RunningStack) -> None:
    page.goto(f"{stack.prefect_url}/runs/flow-run/{run}")
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_role("link", name=re.compile(rf"\b{NAME}-{stage}\b(?!-progress)")).first.click()
    page.wait_for_url("**/artifacts/artifact/**")
    expect(page.get_by_text(says).first).to_be_visible()
    if has_image:
        picture = page.locator("img").first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") > 100
    pictures.keep(page, stage)


def test_the_version_is_a_click_away(page: Page, run: UUID, stack: RunningStack) -> None:
    page.goto(f"{stack.prefect_url}/runs/flow-run/{run}")
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_role("link", name=re.compile(rf"\b{NAME}-version\b")).first.click()
    page.wait_for_url("**/artifacts/artifact/**")
    address = page.locator(f"a[href*='{stack.mlflow_url}']").first.get_attribute("href")
    assert address
    page.goto(address)
    for words in (
        f"{NAME}, version",
        "champion",
        "What it learned from",
        "Where it comes from",
        "How good it is",
        str(run),
    ):
        expect(page.get_by_text(words).first).to_be_visible()
    pictures.keep(page, "version")


def test_the_registry_has_signature_figures_and_lineage(page: Page, run: UUID, stack: RunningStack) -> None:
    mlflow = MlflowClient(stack.mlflow_url)
    version = mlflow.get_model_version_by_alias(NAME, "champion")
    made_by = mlflow.get_run(version.run_id)
    assert made_by.data.tags["prefect.flow_run_id"] == str(run)
    experiment = made_by.info.experiment_id
    place = f"{stack.mlflow_url}/#/experiments/{experiment}"

    page.goto(f"{place}/runs/{version.run_id}{TRAINING_VIEW}")
    expect(page.get_by_text(f"is version {version.version} of {NAME}").first).to_be_visible()
    page.goto(f"{place}/runs/{version.run_id}/artifacts{TRAINING_VIEW}")
    for name in ("evaluation", "figures", "loss.png"):
        page.get_by_text(name, exact=True).click()
    figure = page.locator("img[src^='blob:']").first
    expect(figure).to_be_visible()
    assert figure.evaluate("image => image.naturalWidth") > 100

    page.goto(f"{place}/runs/{version.run_id}/model-metrics{TRAINING_VIEW}")
    expect(page.get_by_text("validation_perplexity").first).to_be_visible()  # the curves come first
    pictures.keep(page, "mlflow-run")

    page.goto(f"{place}/models/{version.source.rsplit('/', 1)[-1]}/artifacts")
    page.get_by_text("MLmodel", exact=True).click()
    for part in ('"name": "source"', '"name": "prediction"', '"n_best"', '"beam_size"'):
        expect(page.get_by_text(part).first).to_be_visible()
