from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.config.conftest import ACME, SHOP, Write

from backhaul.config.project import ProjectConfig
from backhaul.errors import ConfigError


def test_customers_are_the_files_that_are_neither_base_nor_overlay(write: Write) -> None:
    names = ["acme", "globex", "base", "_enterprise", "acme.prod"]
    assert write({f"pipelines/{name}.yaml": "" for name in names}).customers() == ("acme", "globex")


def test_reading_one_customer_leaves_the_others_alone(write: Write) -> None:
    project = write({"pipelines/acme.yaml": ACME, "pipelines/broken.yaml": "a: [", "pipelines/poor.yaml": ACME})
    assert project.pipeline("acme").customer == "acme"
    with pytest.raises(ConfigError, match="not YAML"):
        project.pipeline("broken")


def test_a_pipeline_is_read_without_its_secrets_and_credentials_tell_what_is_missing(write: Write) -> None:
    project = write({"pipelines/acme.yaml": ACME}, environ={})
    assert project.pipeline("acme").connections["crm"].source == "shop"
    with pytest.raises(ConfigError) as caught:
        project.credentials("acme", "crm")
    assert "pipelines/acme.yaml:5:26: connections.crm.credentials.token" in str(caught.value)
    assert (caught.value.customer, caught.value.connection, caught.value.exit_code) == ("acme", "crm", 2)


def test_credentials_are_revealed_for_one_connection(write: Write) -> None:
    other = ACME.replace("connections:\n", "").replace("crm:", "erp:").replace("ACME_TOKEN", "GONE")
    project = write({"pipelines/acme.yaml": ACME + other})
    assert project.credentials("acme", "crm") == {"token": "s3cret"}
    with pytest.raises(ConfigError, match="GONE"):
        project.credentials("acme", "erp")
    with pytest.raises(ConfigError, match="did you mean crm"):
        project.credentials("acme", "cmr")


def test_validate_tells_every_customers_missing_secrets(write: Write) -> None:
    names = [f"customer{n}" for n in range(20)]
    files = {f"pipelines/{name}.yaml": ACME.replace("ACME", name.upper()) for name in names}
    problems = write(files, environ={}).validate()
    assert len(problems) == 20
    assert all("is not set" in problem.what for problem in problems)


def test_a_missing_webhook_is_a_problem_of_validate_only(write: Write) -> None:
    project = write({"pipelines/acme.yaml": ACME + "on_failure: {webhook: '${HOOK}'}\n"})
    hook = project.pipeline("acme").on_failure
    assert hook is not None
    assert [problem.path for problem in project.validate("acme")] == ["on_failure.webhook"]


def test_the_error_lists_every_problem_and_the_customer(write: Write) -> None:
    project = write({"pipelines/acme.yaml": ACME.replace("token\n", "tokn\n") + "destination: duckdv\n"})
    with pytest.raises(ConfigError) as caught:
        project.pipeline("acme")
    assert len(caught.value.problems) == 2
    assert "2 problems" in str(caught.value)
    assert "customer acme" in str(caught.value)
    assert "Next: correct it and run `backhaul validate`" in str(caught.value)


@pytest.mark.parametrize("name", ["../acme", "acme/../acme", "", "a__b", "acme.prod"])
def test_a_name_that_is_none_leads_nowhere(write: Write, name: str) -> None:
    with pytest.raises(ConfigError, match="not a customer's name"):
        write({"pipelines/acme.yaml": ACME}).pipeline(name)


def test_a_customer_that_is_not_there_gets_the_nearest(write: Write) -> None:
    with pytest.raises(ConfigError, match="did you mean acme"):
        write({"pipelines/acme.yaml": ACME}).pipeline("acmee")


def test_a_file_whose_name_is_no_customers_name_is_told(write: Write) -> None:
    project = write({"pipelines/acme.yaml": ACME, "pipelines/acme-corp.yaml": ACME, "pipelines/old.yml": ACME})
    assert [problem.place.file for problem in project.validate()] == ["pipelines/acme-corp.yaml", "pipelines/old.yml"]


def test_a_folder_without_pipelines_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no project") as caught:
        ProjectConfig.open(tmp_path)
    assert "backhaul init" in str(caught.value)


def test_the_dotenv_file_stands_in_for_the_environment_which_wins(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"pipelines/acme.yaml": ACME, ".env": "ACME_TOKEN=from-file\nBACKHAUL_ENVIRONMENT=\n"})
    monkeypatch.delenv("ACME_TOKEN", raising=False)
    assert ProjectConfig.open(tmp_path).credentials("acme", "crm") == {"token": "from-file"}
    monkeypatch.setenv("ACME_TOKEN", "from-environment")
    assert ProjectConfig.open(tmp_path).credentials("acme", "crm") == {"token": "from-environment"}


def test_explain_tells_where_each_value_comes_from_and_masks_secrets(write: Write) -> None:
    files = {
        "pipelines/base.yaml": "connections: {crm: {budget: '${SHARE:-70%}'}}\n",
        "pipelines/acme.yaml": "extends: base\n" + ACME + "on_failure: {webhook: https://hooks.example/canary}\n",
    }
    origins = {origin.path: origin for origin in write(files).explain("acme")}
    assert origins["connections.crm.credentials.token"].value == "${ACME_TOKEN}"
    assert origins["on_failure.webhook"].value == "***"
    assert origins["on_failure.timeout"].value == "30s"
    assert str(origins["connections.crm.budget"].place) == "pipelines/base.yaml:1:29"
    assert origins["connections.crm.budget"].value == "${SHARE:-70%}"
    assert origins["destination"].place is None
    assert "s3cret" not in str(origins)
    assert "canary" not in str(origins)


def test_no_environment_shows_in_the_projects_repr(write: Write) -> None:
    assert "s3cret" not in repr(write({"pipelines/acme.yaml": ACME}))


def test_a_source_is_parsed_again_only_when_its_file_changes(write: Write, tmp_path: Path) -> None:
    project = write({"pipelines/acme.yaml": ACME})
    first = project.source("shop")
    assert project.source("shop") is first
    path = tmp_path / "sources/shop/source.yaml"
    path.write_text(SHOP.replace("title: Shop", "title: Store"))
    os.utime(path, ns=(1, 1))
    assert project.source("shop").title == "Store"


def test_a_projects_files_win_over_the_catalogs(write: Write, tmp_path: Path) -> None:
    project = write(
        {"pipelines/acme.yaml": ACME, "destinations/duckdb.yaml": "destination: duckdb\ntype: duckdb\nthreads: 7\n"}
    )
    assert project.destination("duckdb").threads == 7
    assert project.transform_files("entities")["accounts"] == tmp_path / "transforms/entities/accounts.yaml"


def test_the_catalog_ships_a_destination_that_needs_nothing(write: Write) -> None:
    assert write({"pipelines/acme.yaml": ACME}).destination("duckdb").type == "duckdb"


def test_definitions_that_are_not_there_are_told(write: Write) -> None:
    project = write({"pipelines/acme.yaml": ACME})
    with pytest.raises(ConfigError, match="did you mean shop"):
        project.source("shp")
    with pytest.raises(ConfigError, match="did you mean duckdb"):
        project.destination("duckdv")
    with pytest.raises(ConfigError, match="there is no source called"):
        project.source("../shop")


def test_transform_files_are_found_by_name(write: Write, tmp_path: Path) -> None:
    project = write(
        {
            "pipelines/acme.yaml": ACME,
            "transforms/staging/shop/accounts.buyers.sql": "select 1",
            "transforms/marts/revenue.sql": "select 1",
        }
    )
    assert project.transform_files("marts")["revenue"] == tmp_path / "transforms/marts/revenue.sql"
    staging = tmp_path / "transforms/staging/shop/accounts.buyers.sql"
    assert project.transform_files("staging")["shop/accounts.buyers"] == staging


def test_opening_a_project_imports_neither_models_nor_yaml() -> None:
    code = (
        "import sys, backhaul.config.project\n"
        "print([name for name in ('pydantic', 'yaml', 'httpx', 'duckdb', 'dlt') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
