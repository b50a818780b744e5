ALTER TABLE instances ADD COLUMN llm TEXT;

CREATE TABLE llm_providers (
    name {key} PRIMARY KEY,
    base_url TEXT NOT NULL,
    management_key {blob} NOT NULL,
    poll {int} NOT NULL,
    workspace TEXT NOT NULL,
    version {int} NOT NULL,
    changed_at {int} NOT NULL
){strict};

CREATE TABLE llm_keys (
    instance_id {key} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    secret {key} NOT NULL,
    provider {key} NOT NULL REFERENCES llm_providers (name),
    made TEXT NOT NULL,
    used TEXT,
    PRIMARY KEY (instance_id, secret)
){strict};

CREATE INDEX llm_keys_by_provider ON llm_keys (provider, instance_id);
