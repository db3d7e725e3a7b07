from __future__ import annotations

import pytest
from tests.config.conftest import ACME, Write

from backhaul.errors import ConfigError

BASE = """\
destination: duckdb
connections:
  crm:
    budget: 50%
    schedule: hourly
    objects:
      orders: {fields: [id, total]}
      buyers: {}
"""


def test_a_pipeline_lies_over_what_it_extends(write: Write) -> None:
    text = "extends: base\n" + ACME + "      buyers: null\n"
    crm = write({"pipelines/base.yaml": BASE, "pipelines/acme.yaml": text}).pipeline("acme").connections["crm"]
    assert crm.budget == "50%"
    assert isinstance(crm.objects, dict)
    assert list(crm.objects) == ["orders"]
    assert crm.objects["orders"].fields == ["id", "total"]


def test_an_overlay_lies_over_its_own_file_and_the_nearer_to_the_customer_wins(write: Write) -> None:
    files = {
        "pipelines/base.yaml": BASE,
        "pipelines/base.prod.yaml": "connections: {crm: {budget: 60%, schedule: daily}}\n",
        "pipelines/acme.yaml": "extends: base\n" + ACME.replace("auth:", "schedule: every 5m\n    auth:"),
        "pipelines/acme.prod.yaml": "connections: {crm: {base_url: 'https://prod.example'}}\n",
    }
    plain = write(files).pipeline("acme").connections["crm"]
    assert (plain.budget, plain.schedule, plain.base_url) == ("50%", "every 5m", None)
    prod = write(files, environment="prod").pipeline("acme").connections["crm"]
    assert (prod.budget, prod.schedule, prod.base_url) == ("60%", "every 5m", "https://prod.example")


def test_an_environment_is_also_chosen_by_a_variable(write: Write) -> None:
    files = {"pipelines/acme.yaml": ACME, "pipelines/acme.prod.yaml": "connections: {crm: {budget: 10%}}\n"}
    project = write(files, environ={"BACKHAUL_ENVIRONMENT": "prod"})
    assert project.pipeline("acme").connections["crm"].budget == "10%"


def test_an_environment_that_no_file_knows_is_refused(write: Write) -> None:
    files = {"pipelines/acme.yaml": ACME, "pipelines/acme.prod.yaml": ""}
    with pytest.raises(ConfigError, match="did you mean prod"):
        write(files, environment="prdo")


def test_bases_extend_bases_and_a_customer_is_not_inherited(write: Write) -> None:
    files = {
        "pipelines/base.yaml": BASE,
        "pipelines/globex.yaml": "extends: base\ncustomer: globex\n" + ACME,
        "pipelines/acme.yaml": "extends: globex\n",
    }
    pipeline = write(files).pipeline("acme")
    assert pipeline.customer == "acme"
    assert pipeline.connections["crm"].budget == "50%"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"_a": "extends: _b\n", "_b": "extends: _a\n", "acme": "extends: _a\n"},
            "pipelines/_b.yaml:1:10: extends: goes round in a circle: acme > _a > _b > _a",
        ),
        ({"acme": "extends: acme\n"}, "pipelines/acme.yaml:1:10: extends: goes round in a circle: acme > acme"),
        (
            {"_enterprise": "", "acme": "customer: acme\nextends: _enterprice\n"},
            "pipelines/acme.yaml:2:10: extends: there is no pipeline _enterprice; did you mean _enterprise?",
        ),
        ({"acme": "extends: [a]\n"}, "pipelines/acme.yaml:1:10: extends: expected the name of another pipeline"),
        ({"acme": "extends: ../other\n"}, "pipelines/acme.yaml:1:10: extends: there is no pipeline ../other"),
        ({"_b": "a: [", "acme": "extends: _b\n"}, "pipelines/_b.yaml:"),
        ({"acme": "customer: acne\n"}, "pipelines/acme.yaml:1:11: customer: says acne, but the file is acme.yaml"),
    ],
)
def test_extending_goes_wrong_with_a_place(write: Write, files: dict[str, str], problem: str) -> None:
    project = write({f"pipelines/{name}.yaml": text for name, text in files.items()})
    (found,) = project.validate("acme")
    assert str(found).startswith(problem)


def test_an_overlay_extends_nothing(write: Write) -> None:
    files = {"pipelines/acme.yaml": ACME, "pipelines/acme.prod.yaml": "extends: base\n"}
    (problem,) = write(files, environment="prod").validate("acme")
    assert str(problem).startswith("pipelines/acme.prod.yaml:1:1: extends: an overlay extends nothing")


def test_a_mistake_in_a_base_names_the_base_and_both_files_are_told_at_once(write: Write) -> None:
    files = {
        "pipelines/base.yaml": BASE.replace("50%", "half"),
        "pipelines/acme.yaml": "extends: base\nzzz: 1\n" + ACME,
    }
    problems = [str(problem) for problem in write(files).validate("acme")]
    assert len(problems) == 2
    assert problems[0].startswith("pipelines/acme.yaml:2:1: zzz: unknown key")
    assert problems[1].startswith("pipelines/base.yaml:4:13: connections.crm.budget: does not look")


def test_null_removes_even_where_nothing_is_extended(write: Write) -> None:
    assert write({"pipelines/acme.yaml": ACME + "destination: null\n"}).pipeline("acme").destination == "duckdb"
