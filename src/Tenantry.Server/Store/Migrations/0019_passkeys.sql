CREATE TABLE passkeys (
    id {key} PRIMARY KEY,
    email {key} NOT NULL REFERENCES people (email) ON DELETE CASCADE,
    handle {key} NOT NULL,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    sign_count {int} NOT NULL,
    transports TEXT NOT NULL,
    backup_eligible {int} NOT NULL,
    backed_up {int} NOT NULL,
    created_at {int} NOT NULL,
    used_at {int}
){strict};

CREATE INDEX passkeys_by_person ON passkeys (email, created_at);
CREATE INDEX passkeys_by_handle ON passkeys (handle);

CREATE TABLE passkey_handshakes (
    hash {key} PRIMARY KEY,
    state TEXT NOT NULL,
    expires_at {int} NOT NULL
){strict};
