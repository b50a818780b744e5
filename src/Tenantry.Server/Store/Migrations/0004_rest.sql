ALTER TABLE instances ADD COLUMN hold TEXT NOT NULL DEFAULT 'None';

CREATE TABLE rests (
    instance_id {key} PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    depth TEXT NOT NULL,
    reason TEXT NOT NULL,
    at {int} NOT NULL,
    idle_since {int} NOT NULL
){strict};

CREATE TABLE wakes (
    instance_id {key} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    at {int} NOT NULL,
    phase TEXT NOT NULL,
    platform {int} NOT NULL,
    app {int} NOT NULL,
    PRIMARY KEY (instance_id, at)
){strict};
