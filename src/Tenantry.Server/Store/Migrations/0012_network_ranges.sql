CREATE TABLE network_gate (
    id {int} PRIMARY KEY
){strict};

INSERT INTO network_gate (id) VALUES (1);

CREATE TABLE network_ranges (
    instance_id {key} NOT NULL,
    network TEXT NOT NULL,
    claimed_at {int} NOT NULL,
    released_at {int}
){strict};

CREATE UNIQUE INDEX network_ranges_in_use ON network_ranges (instance_id) WHERE released_at IS NULL;
