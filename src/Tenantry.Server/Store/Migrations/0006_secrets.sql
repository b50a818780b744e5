ALTER TABLE secrets RENAME TO secrets_before;

CREATE TABLE secrets (
    scope {key} NOT NULL,
    holder {key} NOT NULL,
    app {key} NOT NULL,
    name {key} NOT NULL,
    version {int} NOT NULL,
    in_force {int} NOT NULL,
    key_holder {key} NOT NULL,
    value {blob} NOT NULL,
    generated {int} NOT NULL,
    restored_from {int} NOT NULL,
    created_at {int} NOT NULL,
    CONSTRAINT secret_versions PRIMARY KEY (scope, holder, app, name, version)
){strict};

CREATE UNIQUE INDEX secrets_in_force ON secrets (app, name, scope, holder) WHERE in_force = 1;
CREATE INDEX secrets_by_key ON secrets (key_holder);

INSERT INTO secrets (scope, holder, app, name, version, in_force, key_holder, value, generated, restored_from, created_at)
SELECT 'Instance', s.instance_id, i.app, s.name, s.version, 1, 'tenant:' || i.tenant, s.value, s.generated, 0, s.created_at
FROM secrets_before s JOIN instances i ON i.id = s.instance_id;

DROP TABLE secrets_before;

CREATE TABLE data_keys (
    holder {key} PRIMARY KEY,
    public_half {blob} NOT NULL,
    wrapped {blob} NOT NULL,
    engine_key TEXT NOT NULL,
    created_at {int} NOT NULL
){strict};
