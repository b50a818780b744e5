CREATE TABLE secret_turns (
    instance_id {key} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    scope {key} NOT NULL,
    holder {key} NOT NULL,
    app {key} NOT NULL,
    name {key} NOT NULL,
    version {int} NOT NULL,
    taken {int} NOT NULL,
    PRIMARY KEY (instance_id, scope, holder, app, name)
){strict};

CREATE INDEX secret_turns_by_app ON secret_turns (app, taken, instance_id);
