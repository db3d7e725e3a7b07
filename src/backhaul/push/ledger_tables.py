"""The ledger's tables: one row a record written, one attempt a time it was sent, one dead letter a row refused."""

from __future__ import annotations

FORMAT = 2

UPGRADES: dict[int, tuple[str, ...]] = {
    1: (
        "alter table rows add column made integer not null default 0",
        "alter table rows add column gone_at real",
        "alter table attempts add column made integer",
        "create table paused (push text primary key, who text not null, reason text not null, at real not null)",
        "create table fired (push text primary key, version integer not null, at real not null)",
    ),
}
"""Format -> what makes the next one of it."""

CREATE = (
    """create table targets (
  id integer primary key,
  connection text not null,
  object text not null,
  push text not null,
  unique (connection, object, push)
)""",
    # hash: of all that was wanted when the whole row was confirmed, under `scheme` (null where only some of it was).
    # made: the record is there because we made it. gone_at: we deleted it.
    """create table rows (
  target integer not null references targets (id),
  row text not null,
  id text not null,
  state text not null check (state in ('planned', 'sent', 'confirmed', 'unknown', 'refused')),
  attempt integer not null,
  vendor_key text,
  hash integer,
  scheme text,
  changed text,
  confirmed_at real,
  made integer not null default 0,
  gone_at real,
  primary key (target, row)
) without rowid""",
    # field -> [what the vendor confirmed last, when]; apart from `rows`, which every plan reads from end to end
    """create table confirmed (
  target integer not null references targets (id),
  row text not null,
  values_ text not null,
  primary key (target, row)
) without rowid""",
    "create index rows_by_key on rows (vendor_key, target) where vendor_key is not null",
    "create index rows_in_flight on rows (target, state) where state in ('sent', 'unknown')",
    """create table attempts (
  seq integer primary key autoincrement,
  target integer not null references targets (id),
  row text not null,
  batch text not null,
  run text not null,
  who text not null,
  action text not null,
  values_ text not null,
  before_ text not null,
  match_field text,
  match_value text,
  hash integer,
  scheme text,
  state text not null,
  vendor_key text,
  changed text,
  code text not null default '',
  message text not null default '',
  field text not null default '',
  intent_at real not null,
  receipt_at real,
  made integer
)""",
    "create index attempts_by_run on attempts (run)",
    """create table batches (
  id text primary key,
  target integer not null references targets (id),
  run text not null,
  job text,
  sent_at real not null
)""",
    """create table dead_letters (
  target integer not null references targets (id),
  row text not null,
  reason text not null check (reason in ('check', 'vendor')),
  code text not null,
  message text not null,
  field text not null,
  values_ text not null,
  hash integer,
  scheme text,
  retries integer not null,
  run text not null,
  first_at real not null,
  last_at real not null,
  primary key (target, row)
) without rowid""",
    """create table plans (
  hash text primary key,
  push text not null,
  run text not null,
  version integer not null,
  counts text not null,
  applied_at real not null
)""",
    "create table paused (push text primary key, who text not null, reason text not null, at real not null)",
    # up to which published version a push's trigger has looked
    "create table fired (push text primary key, version integer not null, at real not null)",
)
