CREATE TABLE sources (
    digest {key} PRIMARY KEY,
    created_at {int} NOT NULL
){strict};

CREATE TABLE source_pieces (
    digest {key} NOT NULL REFERENCES sources (digest) ON DELETE CASCADE,
    number {int} NOT NULL,
    bytes {blob} NOT NULL,
    PRIMARY KEY (digest, number)
){strict};

CREATE INDEX releases_by_inputs ON releases (inputs_digest);
