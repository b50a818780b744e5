CREATE TABLE statuses (
    instance_id {key} PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    phase TEXT NOT NULL,
    health TEXT NOT NULL,
    reason TEXT NOT NULL,
    observed_generation {int} NOT NULL,
    release {key},
    conditions TEXT NOT NULL,
    resources TEXT NOT NULL,
    drift TEXT NOT NULL,
    endpoint TEXT,
    failures {int} NOT NULL,
    next_look_at {int} NOT NULL,
    wake TEXT,
    changed_at {int} NOT NULL,
    due_at {int} NOT NULL
){strict};

CREATE INDEX statuses_by_due ON statuses (due_at, instance_id);

CREATE TABLE operations (
    id {key} PRIMARY KEY,
    kind TEXT NOT NULL,
    instance_id {key} NOT NULL,
    slug TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    generation {int} NOT NULL,
    state TEXT NOT NULL,
    steps TEXT NOT NULL,
    percent {int} NOT NULL,
    error TEXT,
    created_at {int} NOT NULL,
    finished_at {int}
){strict};

CREATE INDEX operations_by_instance ON operations (instance_id, id);
CREATE UNIQUE INDEX operations_open ON operations (instance_id) WHERE state IN ('Pending', 'Running');

CREATE TABLE leases (
    key {key} PRIMARY KEY,
    holder TEXT NOT NULL,
    token {int} NOT NULL,
    expires_at {int} NOT NULL
){strict};

CREATE INDEX leases_by_expiry ON leases (expires_at);

CREATE TABLE change_head (
    one {int} PRIMARY KEY CHECK (one = 1),
    sequence {int} NOT NULL
){strict};

INSERT INTO change_head (one, sequence) VALUES (1, 0);

CREATE TABLE changes (
    sequence {int} PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    action TEXT NOT NULL,
    at {int} NOT NULL
){strict};
