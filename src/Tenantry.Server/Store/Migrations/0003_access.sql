CREATE TABLE tokens (
    name {key} PRIMARY KEY,
    hash {key} NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int},
    CONSTRAINT tokens_hash UNIQUE (hash)
){strict};

CREATE TABLE answers (
    key {key} PRIMARY KEY,
    request_hash TEXT NOT NULL,
    status {int} NOT NULL,
    location TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at {int} NOT NULL
){strict};

CREATE INDEX answers_by_age ON answers (created_at);

CREATE TABLE audit_head (
    one {int} PRIMARY KEY CHECK (one = 1),
    sequence {int} NOT NULL,
    hash TEXT NOT NULL
){strict};

INSERT INTO audit_head (one, sequence, hash) VALUES (1, 0, '');

CREATE TABLE audit (
    sequence {int} PRIMARY KEY,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at {int} NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
){strict};
