"""Tells somebody that an unattended run failed: a webhook gets it as JSON, or a command on standard input."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from backhaul.config.pipeline import FailureHook
from backhaul.config.project import ProjectConfig
from backhaul.config.secret import Secret
from backhaul.errors import BackhaulError, ConfigError
from backhaul.fleet.schedules import base_tree, tree_of
from backhaul.telemetry import redact
from backhaul.telemetry.log import Logger

_log = Logger("fleet")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the hook's call. `trouble` is empty where it went well."""

    how: str
    trouble: str = ""


def tell(config: ProjectConfig, customer: str, summary: Mapping[str, Any]) -> Told | None:
    """Call the customer's hook. None: it has none. Nothing is raised: a hook's failure fails no run."""
    try:
        hook = _hook_of(config, customer)
        if hook is None:
            return None
        body = redact.registered(msgspec.json.encode(summary).decode()).encode()
        told = _run(hook, body, config) if hook.webhook is None else _post(hook.webhook, hook.timeout, body)
    except BackhaulError as error:
        told = Told("on_failure", error.what)
    if told.trouble:
        _log.warning("the failure hook failed", customer=customer, how=told.how, trouble=told.trouble)
    else:
        _log.info("the failure hook was called", customer=customer, how=told.how)
    return told


def _hook_of(config: ProjectConfig, customer: str) -> FailureHook | None:
    """Read apart from the rest: the run may have failed because the rest cannot be read."""
    try:
        tree = tree_of(config, customer)
    except ConfigError:
        tree = base_tree(config)
    given = tree.get("on_failure")
    if given is None:
        return None
    try:
        return FailureHook.model_validate(given)
    except ValueError as error:
        raise ConfigError("on_failure is not understood; see `backhaul validate`", customer=customer) from error


def _post(webhook: Secret, timeout: timedelta, body: bytes) -> Told:
    import httpx

    url = webhook.reveal()
    redact.register(url)
    try:
        answer = httpx.post(
            url, content=body, headers={"Content-Type": "application/json"}, timeout=timeout.total_seconds()
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Told("webhook", f"{type(error).__name__}: {redact.text(str(error))}")
    return Told("webhook", "" if answer.is_success else f"it answers {answer.status_code}")


def _run(hook: FailureHook, body: bytes, config: ProjectConfig) -> Told:
    command = hook.command or []
    name = f"command {command[0]}" if command else "command"
    try:
        done = subprocess.run(  # noqa: S603  the command is the project's own, and no shell is between
            command, input=body, capture_output=True, timeout=hook.timeout.total_seconds(), cwd=config.root, check=False
        )
    except subprocess.TimeoutExpired:
        return Told(name, f"it took longer than {hook.timeout.total_seconds():.0f} s")
    except (OSError, ValueError, IndexError) as error:
        return Told(name, str(error) or type(error).__name__)
    said = redact.text(done.stderr.decode("utf-8", "replace").strip()[-200:])
    return Told(name, "" if done.returncode == 0 else f"it ended with {done.returncode}: {said}")
