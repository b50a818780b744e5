CREATE TABLE quotas (
    organization {key} NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
    tier {key} NOT NULL,
    instances {int},
    awake {int},
    cpu {int},
    memory {int},
    disk {int},
    PRIMARY KEY (organization, tier)
){strict};

CREATE TABLE wake_claims (
    instance_id {key} PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    until {int} NOT NULL
){strict};
