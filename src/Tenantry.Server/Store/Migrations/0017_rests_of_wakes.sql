ALTER TABLE wakes ADD COLUMN rested_at {int};
