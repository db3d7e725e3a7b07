"""The control store's tables, as numbered steps. A step that has shipped is never edited; a change is a new step."""

from __future__ import annotations

from backhaul.errors import StorageError

STEPS: tuple[str, ...] = (
    # 1: what processes share while they work
    """
    create table buckets (
        key text primary key,
        kind text not null,
        state text not null,
        changed_at real not null
    ) without rowid;
    create table leases (
        customer text primary key,
        holder text not null,
        run text not null,
        since real not null,
        expires real not null
    ) without rowid;
    create table lease_waiters (
        ticket integer primary key autoincrement,
        customer text not null,
        holder text not null,
        seen_at real not null
    );
    """,
    # 2: what was done
    """
    create table runs (
        id text primary key,
        customer text not null,
        kind text not null,
        status text not null,
        started_at real not null,
        finished_at real,
        holder text not null,
        figures text not null default '{}',
        error text
    );
    create index runs_by_customer on runs (customer, started_at);
    create table usage (
        day text not null,
        customer text not null,
        connection text not null,
        requests integer not null default 0,
        bytes integer not null default 0,
        retries integer not null default 0,
        throttled integer not null default 0,
        waited real not null default 0,
        primary key (day, customer, connection)
    ) without rowid;
    """,
    # 3: what is known of connections
    """
    create table connections (
        customer text not null,
        connection text not null,
        status text not null,
        since real not null,
        account text not null default '',
        facts text not null default '{}',
        probed_at real,
        reason text not null default '',
        primary key (customer, connection)
    ) without rowid;
    create table schemas (
        customer text not null,
        connection text not null,
        fingerprint text not null,
        body text not null,
        discovered_at real not null,
        primary key (customer, connection, fingerprint)
    ) without rowid;
    create table drift (
        id integer primary key autoincrement,
        customer text not null,
        connection text not null,
        object text not null,
        field text not null,
        change text not null,
        before text not null,
        after text not null,
        run text not null,
        seen_at real not null
    );
    create index drift_by_connection on drift (customer, connection, seen_at);
    create table schedules (
        customer text not null,
        connection text not null,
        last_due real not null,
        primary key (customer, connection)
    ) without rowid;
    """,
    # 4: agents: who may read, and what they propose
    """
    create table agent_tokens (
        id text primary key,
        hash text not null,
        customer text not null,
        role text,
        label text not null,
        created_at real not null,
        created_by text not null,
        used_at real,
        revoked_at real,
        revoked_by text
    ) without rowid;
    create table proposals (
        id text primary key,
        customer text not null,
        entity text not null,
        record text not null,
        changes text not null,
        diff text not null,
        reason text not null,
        version integer not null,
        status text not null,
        proposed_at real not null,
        proposed_by text not null,
        decided_at real,
        decided_by text,
        run text,
        outcome text not null default ''
    ) without rowid;
    create index proposals_by_customer on proposals (customer, status, proposed_at);
    """,
    # 5: credentials, sealed, and what is known of them without opening any
    """
    create table data_keys (
        customer text primary key,
        master text not null,
        wrapped text not null,
        made_at real not null
    ) without rowid;
    create table secrets (
        customer text not null,
        connection text not null,
        name text not null,
        sealed text not null,
        changed_at real not null,
        primary key (customer, connection, name)
    ) without rowid;
    alter table connections add column refused text not null default '';
    alter table connections add column granted text not null default '';
    alter table connections add column token_at real;
    """,
)


def too_new(place: str, version: int) -> StorageError:
    """The store has seen steps that this version does not know."""
    return StorageError(
        f"{place} was written by a newer backhaul (format {version}, this one knows {len(STEPS)})",
        next_step="install the newer version again, or point the project at another folder",
    )
