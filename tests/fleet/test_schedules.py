"""Schedules are read without the models, again when a file has changed, and whatever else is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backhaul.config.project import ProjectConfig
from backhaul.errors import ConfigError
from backhaul.fleet.schedules import Schedules
from tests.fleet.conftest import Write


def test_a_schedule_is_found_through_extends_and_the_environment(root: Path, write: Write) -> None:
    write("base", "connections: {crm: {source: x, schedule: '${EVERY:-hourly}', budget: 50%}}")
    write("acme", "extends: base\nconnections: {erp: {source: y}}")
    planned = {each.name: each for each in Schedules(ProjectConfig.open(root, environ={"EVERY": "every 5m"})).all()}
    assert planned["crm"].schedule is not None
    assert planned["crm"].schedule.text == "every 5m"
    assert planned["crm"].budget == 0.5
    assert (planned["erp"].schedule, planned["erp"].source) == (None, "y")


def test_a_customer_that_cannot_be_read_is_told_apart(root: Path, write: Write) -> None:
    write("acme", crm={"source": "x", "schedule": "hourly"})
    write("globex", "connections: [1,\n")
    write("initech", crm={"source": "x", "schedule": "now and then"})
    schedules = Schedules(ProjectConfig.open(root))
    assert [each.customer for each in schedules.all()] == ["acme"]
    assert set(schedules.broken) == {"globex", "initech"}
    assert "now and then" in schedules.broken["initech"].what


def test_odd_files_are_nobodys_schedule(root: Path, write: Write) -> None:
    for text in ("", "[]", "connections: 5", "connections: {crm: 5}", "connections: {crm: {schedule: [1]}}", "x"):
        write("acme", text)
        schedules = Schedules(ProjectConfig.open(root))
        assert all(each.schedule is None for each in schedules.all())


def test_a_changed_file_is_read_again(root: Path, write: Write) -> None:
    path = write("acme", crm={"source": "x"})
    schedules = Schedules(ProjectConfig.open(root))
    assert schedules.all()[0].schedule is None
    write("acme", crm={"source": "x", "schedule": "hourly"})
    os.utime(path, ns=(1, 1))
    assert schedules.all()[0].schedule is not None
    write("acme", "{")
    assert schedules.all() == []
    assert set(schedules.broken) == {"acme"}


def test_an_unknown_customer_gets_the_nearest_one(root: Path, write: Write) -> None:
    write("acme", crm={"source": "x"})
    with pytest.raises(ConfigError, match="did you mean acme"):
        Schedules(ProjectConfig.open(root)).of("acmee")
