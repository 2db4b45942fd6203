CREATE TABLE changes (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    entity VARCHAR(16) COLLATE "C" NOT NULL,
    key VARCHAR(255) COLLATE "C" NOT NULL,
    op VARCHAR(8) COLLATE "C" NOT NULL,
    before TEXT,
    after TEXT,
    CONSTRAINT pk_changes PRIMARY KEY (platform, generation, seq, ordinal)
);

CREATE INDEX ix_changes_platform_generation_entity_key_seq ON changes (platform, generation, entity, key, seq);

CREATE TABLE checkpoints (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    logical_at BIGINT NOT NULL,
    next_class_id BIGINT NOT NULL,
    rules TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (platform, generation)
);

CREATE TABLE classes (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    class_id BIGINT NOT NULL,
    owner_type VARCHAR(255) COLLATE "C" NOT NULL,
    owner_id VARCHAR(255) COLLATE "C" NOT NULL,
    path VARCHAR(2001) COLLATE "C" NOT NULL,
    parent_id BIGINT,
    origin VARCHAR(16) COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_seq BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    in_doubt BOOLEAN NOT NULL,
    CONSTRAINT pk_classes PRIMARY KEY (platform, generation, class_id)
);

CREATE INDEX ix_classes_platform_generation_parent_id ON classes (platform, generation, parent_id);

CREATE UNIQUE INDEX ix_classes_platform_owner_type_owner_id_path_generation ON classes (platform, owner_type, owner_id, path, generation);

CREATE INDEX ix_classes_platform_path_generation ON classes (platform, path, generation);

CREATE TABLE corrections (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    label VARCHAR(32) COLLATE "C" NOT NULL,
    entity VARCHAR(16) COLLATE "C" NOT NULL,
    key VARCHAR(2600) COLLATE "C" NOT NULL,
    event_type TEXT,
    detail TEXT NOT NULL,
    CONSTRAINT pk_corrections PRIMARY KEY (platform, generation, seq, ordinal)
);

CREATE TABLE deletions (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    owner_type VARCHAR(255) COLLATE "C" NOT NULL,
    owner_id VARCHAR(255) COLLATE "C" NOT NULL,
    path VARCHAR(2001) COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_deletions PRIMARY KEY (platform, generation, owner_type, owner_id, path)
);

CREATE TABLE departures (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    owner_type VARCHAR(255) COLLATE "C" NOT NULL,
    owner_id VARCHAR(255) COLLATE "C" NOT NULL,
    path VARCHAR(2001) COLLATE "C" NOT NULL,
    class_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    destination_owner_type VARCHAR(255) COLLATE "C" NOT NULL,
    destination_owner_id VARCHAR(255) COLLATE "C" NOT NULL,
    destination_path VARCHAR(2001) COLLATE "C" NOT NULL,
    pending BOOLEAN NOT NULL,
    used BOOLEAN NOT NULL,
    CONSTRAINT pk_departures PRIMARY KEY (platform, generation, owner_type, owner_id, path)
);

CREATE TABLE doubts (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    kind VARCHAR(16) COLLATE "C" NOT NULL,
    key VARCHAR(255) COLLATE "C" NOT NULL,
    reason VARCHAR(64) COLLATE "C" NOT NULL,
    since_at BIGINT NOT NULL,
    since_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    CONSTRAINT pk_doubts PRIMARY KEY (platform, generation, kind, key, reason)
);

CREATE INDEX ix_doubts_platform_since_seq_generation ON doubts (platform, since_seq, generation);

CREATE TABLE files (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    file_id VARCHAR(255) COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    operation_type TEXT,
    task_id VARCHAR(255) COLLATE "C",
    project_id VARCHAR(255) COLLATE "C",
    source TEXT,
    url TEXT,
    cover_url TEXT,
    size_bytes BIGINT,
    duration_seconds FLOAT,
    width BIGINT,
    height BIGINT,
    container TEXT,
    bitrate BIGINT,
    CONSTRAINT pk_files PRIMARY KEY (platform, generation, file_id)
);

CREATE TABLE heads (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    head_seq BIGINT NOT NULL,
    head_digest BYTEA NOT NULL,
    last_received_at BIGINT,
    last_reconciled_at BIGINT,
    confirmed_seq BIGINT NOT NULL,
    CONSTRAINT pk_heads PRIMARY KEY (platform)
);

CREATE TABLE heard (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    digest VARCHAR(64) COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_heard PRIMARY KEY (platform, generation, digest)
);

CREATE TABLE imports (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    file_name TEXT NOT NULL,
    lines BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    started_seq BIGINT NOT NULL,
    finished BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_imports PRIMARY KEY (platform, fingerprint)
);

CREATE TABLE journal (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    source VARCHAR(16) COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    redelivery_of BIGINT,
    CONSTRAINT pk_journal PRIMARY KEY (platform, seq),
    CONSTRAINT ck_journal_seq_positive CHECK (seq > 0)
);

CREATE TABLE links (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    material_id VARCHAR(255) COLLATE "C" NOT NULL,
    kind VARCHAR(16) COLLATE "C" NOT NULL,
    class_key BIGINT NOT NULL,
    target_material_id VARCHAR(255) COLLATE "C",
    target_owner_type VARCHAR(255) COLLATE "C",
    target_owner_id VARCHAR(255) COLLATE "C",
    target_path VARCHAR(2001) COLLATE "C",
    status TEXT,
    CONSTRAINT pk_links PRIMARY KEY (platform, generation, material_id, kind, class_key)
);

CREATE INDEX ix_links_platform_generation_class_key ON links (platform, generation, class_key);

CREATE INDEX ix_links_platform_generation_target_material_id ON links (platform, generation, target_material_id);

CREATE TABLE materials (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    material_id VARCHAR(255) COLLATE "C" NOT NULL,
    state VARCHAR(16) COLLATE "C" NOT NULL,
    class_id BIGINT,
    origin VARCHAR(16) COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_seq BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    name TEXT,
    material_type TEXT,
    file_id VARCHAR(255) COLLATE "C",
    operation_type TEXT,
    task_id VARCHAR(255) COLLATE "C",
    source TEXT,
    preset_tags TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_owner_type VARCHAR(255) COLLATE "C",
    created_owner_id VARCHAR(255) COLLATE "C",
    created_path VARCHAR(2001) COLLATE "C",
    last_owner_type VARCHAR(255) COLLATE "C",
    last_owner_id VARCHAR(255) COLLATE "C",
    last_path VARCHAR(2001) COLLATE "C",
    confirmed_at BIGINT,
    named_seq BIGINT NOT NULL,
    name_at BIGINT,
    preset_tags_at BIGINT,
    tags_at BIGINT,
    moves TEXT NOT NULL,
    repeatable BOOLEAN NOT NULL,
    CONSTRAINT pk_materials PRIMARY KEY (platform, generation, material_id)
);

CREATE INDEX ix_materials_detached ON materials (platform, generation, material_id) WHERE state = 'detached';

CREATE INDEX ix_materials_gone ON materials (platform, material_id, generation) WHERE state != 'live';

CREATE INDEX ix_materials_gone_changed_seq ON materials (platform, changed_seq, generation) WHERE state != 'live';

CREATE INDEX ix_materials_platform_created_seq_generation ON materials (platform, created_seq, generation);

CREATE INDEX ix_materials_platform_generation_class_id_material_id ON materials (platform, generation, class_id, material_id);

CREATE INDEX ix_materials_platform_generation_file_id ON materials (platform, generation, file_id);

CREATE INDEX ix_materials_unconfirmed ON materials (platform, generation, created_seq) WHERE confirmed_at IS NULL;

CREATE TABLE outcomes (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    event_type TEXT,
    outcome VARCHAR(16) COLLATE "C" NOT NULL,
    detail TEXT,
    change_count INTEGER NOT NULL,
    CONSTRAINT pk_outcomes PRIMARY KEY (platform, generation, seq)
);

CREATE INDEX ix_outcomes_notable ON outcomes (platform, outcome, seq, generation) WHERE outcome = 'quarantined' OR outcome = 'unrecognised' OR outcome = 'redelivery' OR outcome = 'unchanged' OR outcome = 'pending';

CREATE INDEX ix_outcomes_platform_event_type_seq_generation ON outcomes (platform, event_type, seq, generation);

CREATE TABLE owners (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    owner_type VARCHAR(255) COLLATE "C" NOT NULL,
    owner_id VARCHAR(255) COLLATE "C" NOT NULL,
    structure_seq BIGINT NOT NULL,
    observed_seq BIGINT,
    last_class_event TEXT,
    last_class_event_at BIGINT NOT NULL,
    lost_presets TEXT NOT NULL,
    CONSTRAINT pk_owners PRIMARY KEY (platform, generation, owner_type, owner_id)
);

CREATE TABLE platforms (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    platform_id VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    feed_generation INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    CONSTRAINT pk_platforms PRIMARY KEY (platform)
);

CREATE TABLE project_statuses (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    project_id VARCHAR(255) COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT,
    at BIGINT NOT NULL,
    CONSTRAINT pk_project_statuses PRIMARY KEY (platform, generation, project_id, seq)
);

CREATE INDEX ix_project_statuses_platform_seq_generation ON project_statuses (platform, seq, generation);

CREATE TABLE projects (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    project_id VARCHAR(255) COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    category TEXT,
    name TEXT,
    status TEXT,
    running BOOLEAN,
    pvw_on BOOLEAN,
    pgm_on BOOLEAN,
    interrupted_inputs TEXT NOT NULL,
    interrupted_outputs TEXT NOT NULL,
    status_at BIGINT,
    gone BOOLEAN NOT NULL,
    confirmed_at BIGINT,
    named_seq BIGINT NOT NULL,
    CONSTRAINT pk_projects PRIMARY KEY (platform, generation, project_id)
);

CREATE TABLE reading_tokens (
    name VARCHAR(64) COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    CONSTRAINT pk_reading_tokens PRIMARY KEY (name)
);

CREATE TABLE samples (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    drawn INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    wrong_undoubted INTEGER NOT NULL,
    CONSTRAINT pk_samples PRIMARY KEY (platform, generation, seq)
);

CREATE TABLE sweeps (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    owner_type VARCHAR(255) COLLATE "C" NOT NULL,
    owner_id VARCHAR(255) COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT pk_sweeps PRIMARY KEY (platform, owner_type, owner_id)
);

CREATE TABLE tags (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    kind VARCHAR(16) COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    material_id VARCHAR(255) COLLATE "C" NOT NULL,
    CONSTRAINT pk_tags PRIMARY KEY (platform, generation, kind, tag, material_id)
);

CREATE INDEX ix_tags_platform_generation_material_id ON tags (platform, generation, material_id);

CREATE TABLE tangles (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    material_id VARCHAR(255) COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    start_owner_type VARCHAR(255) COLLATE "C",
    start_owner_id VARCHAR(255) COLLATE "C",
    start_path VARCHAR(2001) COLLATE "C",
    steps TEXT NOT NULL,
    CONSTRAINT pk_tangles PRIMARY KEY (platform, generation, material_id)
);

CREATE TABLE tasks (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    task_id VARCHAR(255) COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_seq BIGINT NOT NULL,
    status TEXT,
    err_code BIGINT,
    err_msg TEXT,
    material_id VARCHAR(255) COLLATE "C",
    file_id VARCHAR(255) COLLATE "C",
    url TEXT,
    completed_at BIGINT,
    confirmed_at BIGINT,
    named_seq BIGINT NOT NULL,
    CONSTRAINT pk_tasks PRIMARY KEY (platform, generation, task_id)
);

CREATE INDEX ix_tasks_platform_changed_seq_generation ON tasks (platform, changed_seq, generation);

CREATE TABLE unconfirmed (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    body_digest BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    repeats INTEGER NOT NULL,
    CONSTRAINT pk_unconfirmed PRIMARY KEY (platform, seq)
);

CREATE TABLE callback_tokens (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT pk_callback_tokens PRIMARY KEY (platform, digest),
    CONSTRAINT fk_callback_tokens_platform_platforms FOREIGN KEY(platform) REFERENCES platforms (platform)
);

ALTER TABLE platforms ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO platforms ("platform", "platform_id", "generation", "feed_generation", "created_at", "removed_at") SELECT 't' || n, 't' || n, n, n, n, n FROM generate_series(1, 200) AS n;

ANALYZE platforms;

DELETE FROM platforms;

ALTER TABLE platforms ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE heads ALTER COLUMN platform SET (n_distinct = 1);

INSERT INTO heads ("platform", "head_seq", "head_digest", "last_received_at", "last_reconciled_at", "confirmed_seq") SELECT 't' || n, n, '', n, n, n FROM generate_series(1, 200) AS n;

ANALYZE heads;

DELETE FROM heads;

ALTER TABLE heads ALTER COLUMN platform SET STATISTICS 0;

ALTER TABLE journal ALTER COLUMN platform SET (n_distinct = 1);

INSERT INTO journal ("platform", "seq", "received_at", "source", "body", "digest", "redelivery_of") SELECT 't' || n, n, n, 't' || n, '', '', n FROM generate_series(1, 200) AS n;

ANALYZE journal;

DELETE FROM journal;

ALTER TABLE journal ALTER COLUMN platform SET STATISTICS 0;

ALTER TABLE unconfirmed ALTER COLUMN platform SET (n_distinct = 1);

INSERT INTO unconfirmed ("platform", "seq", "body_digest", "received_at", "repeats") SELECT 't' || n, n, '', n, n FROM generate_series(1, 200) AS n;

ANALYZE unconfirmed;

DELETE FROM unconfirmed;

ALTER TABLE unconfirmed ALTER COLUMN platform SET STATISTICS 0;

ALTER TABLE checkpoints ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO checkpoints ("platform", "generation", "seq", "epoch", "logical_at", "next_class_id", "rules", "updated_at") SELECT 't' || n, n, n, n, n, n, 't' || n, n FROM generate_series(1, 200) AS n;

ANALYZE checkpoints;

DELETE FROM checkpoints;

ALTER TABLE checkpoints ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE outcomes ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO outcomes ("platform", "generation", "seq", "event_type", "outcome", "detail", "change_count") SELECT 't' || n, n, n, 't' || n, 't' || n, 't' || n, n FROM generate_series(1, 200) AS n;

ANALYZE outcomes;

DELETE FROM outcomes;

ALTER TABLE outcomes ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE changes ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO changes ("platform", "generation", "seq", "ordinal", "entity", "key", "op", "before", "after") SELECT 't' || n, n, n, n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n FROM generate_series(1, 200) AS n;

ANALYZE changes;

DELETE FROM changes;

ALTER TABLE changes ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE corrections ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO corrections ("platform", "generation", "seq", "ordinal", "label", "entity", "key", "event_type", "detail") SELECT 't' || n, n, n, n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n FROM generate_series(1, 200) AS n;

ANALYZE corrections;

DELETE FROM corrections;

ALTER TABLE corrections ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE samples ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO samples ("platform", "generation", "seq", "drawn", "wrong", "wrong_undoubted") SELECT 't' || n, n, n, n, n, n FROM generate_series(1, 200) AS n;

ANALYZE samples;

DELETE FROM samples;

ALTER TABLE samples ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE owners ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO owners ("platform", "generation", "owner_type", "owner_id", "structure_seq", "observed_seq", "last_class_event", "last_class_event_at", "lost_presets") SELECT 't' || n, n, 't' || n, 't' || n, n, n, 't' || n, n, 't' || n FROM generate_series(1, 200) AS n;

ANALYZE owners;

DELETE FROM owners;

ALTER TABLE owners ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE classes ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO classes ("platform", "generation", "class_id", "owner_type", "owner_id", "path", "parent_id", "origin", "created_at", "created_seq", "changed_at", "changed_seq", "in_doubt") SELECT 't' || n, n, n, 't' || n, 't' || n, 't' || n, n, 't' || n, n, n, n, n, n % 2 = 0 FROM generate_series(1, 200) AS n;

ANALYZE classes;

DELETE FROM classes;

ALTER TABLE classes ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE departures ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO departures ("platform", "generation", "owner_type", "owner_id", "path", "class_id", "at", "destination_owner_type", "destination_owner_id", "destination_path", "pending", "used") SELECT 't' || n, n, 't' || n, 't' || n, 't' || n, n, n, 't' || n, 't' || n, 't' || n, n % 2 = 0, n % 2 = 0 FROM generate_series(1, 200) AS n;

ANALYZE departures;

DELETE FROM departures;

ALTER TABLE departures ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE deletions ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO deletions ("platform", "generation", "owner_type", "owner_id", "path", "at") SELECT 't' || n, n, 't' || n, 't' || n, 't' || n, n FROM generate_series(1, 200) AS n;

ANALYZE deletions;

DELETE FROM deletions;

ALTER TABLE deletions ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE heard ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO heard ("platform", "generation", "digest", "at") SELECT 't' || n, n, 't' || n, n FROM generate_series(1, 200) AS n;

ANALYZE heard;

DELETE FROM heard;

ALTER TABLE heard ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE materials ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO materials ("platform", "generation", "material_id", "state", "class_id", "origin", "created_at", "created_seq", "changed_at", "changed_seq", "name", "material_type", "file_id", "operation_type", "task_id", "source", "preset_tags", "tags", "created_owner_type", "created_owner_id", "created_path", "last_owner_type", "last_owner_id", "last_path", "confirmed_at", "named_seq", "name_at", "preset_tags_at", "tags_at", "moves", "repeatable") SELECT 't' || n, n, 't' || n, 't' || n, n, 't' || n, n, n, n, n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, n, n, n, n, n, 't' || n, n % 2 = 0 FROM generate_series(1, 200) AS n;

ANALYZE materials;

DELETE FROM materials;

ALTER TABLE materials ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE tangles ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO tangles ("platform", "generation", "material_id", "opened_at", "start_owner_type", "start_owner_id", "start_path", "steps") SELECT 't' || n, n, 't' || n, n, 't' || n, 't' || n, 't' || n, 't' || n FROM generate_series(1, 200) AS n;

ANALYZE tangles;

DELETE FROM tangles;

ALTER TABLE tangles ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE links ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO links ("platform", "generation", "material_id", "kind", "class_key", "target_material_id", "target_owner_type", "target_owner_id", "target_path", "status") SELECT 't' || n, n, 't' || n, 't' || n, n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n FROM generate_series(1, 200) AS n;

ANALYZE links;

DELETE FROM links;

ALTER TABLE links ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE tags ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO tags ("platform", "generation", "kind", "tag", "material_id") SELECT 't' || n, n, 't' || n, 't' || n, 't' || n FROM generate_series(1, 200) AS n;

ANALYZE tags;

DELETE FROM tags;

ALTER TABLE tags ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE files ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO files ("platform", "generation", "file_id", "changed_at", "changed_seq", "operation_type", "task_id", "project_id", "source", "url", "cover_url", "size_bytes", "duration_seconds", "width", "height", "container", "bitrate") SELECT 't' || n, n, 't' || n, n, n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, 't' || n, n, n, n, n, 't' || n, n FROM generate_series(1, 200) AS n;

ANALYZE files;

DELETE FROM files;

ALTER TABLE files ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE projects ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO projects ("platform", "generation", "project_id", "changed_at", "changed_seq", "category", "name", "status", "running", "pvw_on", "pgm_on", "interrupted_inputs", "interrupted_outputs", "status_at", "gone", "confirmed_at", "named_seq") SELECT 't' || n, n, 't' || n, n, n, 't' || n, 't' || n, 't' || n, n % 2 = 0, n % 2 = 0, n % 2 = 0, 't' || n, 't' || n, n, n % 2 = 0, n, n FROM generate_series(1, 200) AS n;

ANALYZE projects;

DELETE FROM projects;

ALTER TABLE projects ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE project_statuses ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO project_statuses ("platform", "generation", "project_id", "seq", "status", "detail", "at") SELECT 't' || n, n, 't' || n, n, 't' || n, 't' || n, n FROM generate_series(1, 200) AS n;

ANALYZE project_statuses;

DELETE FROM project_statuses;

ALTER TABLE project_statuses ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE tasks ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO tasks ("platform", "generation", "task_id", "changed_at", "changed_seq", "status", "err_code", "err_msg", "material_id", "file_id", "url", "completed_at", "confirmed_at", "named_seq") SELECT 't' || n, n, 't' || n, n, n, 't' || n, n, 't' || n, 't' || n, 't' || n, 't' || n, n, n, n FROM generate_series(1, 200) AS n;

ANALYZE tasks;

DELETE FROM tasks;

ALTER TABLE tasks ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

ALTER TABLE doubts ALTER COLUMN platform SET (n_distinct = 1), ALTER COLUMN generation SET (n_distinct = 1);

INSERT INTO doubts ("platform", "generation", "kind", "key", "reason", "since_at", "since_seq", "last_seq") SELECT 't' || n, n, 't' || n, 't' || n, 't' || n, n, n, n FROM generate_series(1, 200) AS n;

ANALYZE doubts;

DELETE FROM doubts;

ALTER TABLE doubts ALTER COLUMN platform SET STATISTICS 0, ALTER COLUMN generation SET STATISTICS 0;

CREATE FUNCTION journal_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: no %', TG_OP;
END $$;

CREATE TRIGGER journal_refuses_update BEFORE UPDATE OR DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION journal_refuses();

CREATE TRIGGER journal_refuses_truncate BEFORE TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_refuses();

CREATE FUNCTION journal_takes_the_next_seq_only() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM 1 + coalesce((
        SELECT seq FROM journal WHERE platform = NEW.platform ORDER BY seq DESC LIMIT 1), 0)
    THEN
        RAISE EXCEPTION 'the journal has no gaps: only the next seq can be appended';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER journal_takes_the_next_seq_only BEFORE INSERT ON journal
FOR EACH ROW EXECUTE FUNCTION journal_takes_the_next_seq_only();

CREATE VIEW class_tree AS
SELECT classes.platform, classes.class_id, classes.owner_type, classes.owner_id, classes.path AS class_path, above.path AS parent_path, CASE WHEN (classes.parent_id IS NULL) THEN '' ELSE substr(classes.path, length(above.path) + CASE WHEN (above.path = '/') THEN 1 ELSE 2 END) END AS name, CASE WHEN (classes.parent_id IS NULL) THEN 0 ELSE length(classes.path) - length(replace(classes.path, '/', '')) END AS depth, classes.origin, (SELECT count(*) AS count_1
FROM materials
WHERE materials.platform = classes.platform AND materials.generation = classes.generation AND materials.class_id = classes.class_id) AS material_count, classes.changed_seq
FROM platforms JOIN classes ON classes.platform = platforms.platform AND classes.generation = platforms.generation LEFT OUTER JOIN classes AS above ON above.platform = classes.platform AND above.generation = classes.generation AND above.class_id = classes.parent_id;

CREATE VIEW media_tree AS
SELECT materials.platform, classes.owner_type, classes.owner_id, materials.class_id, classes.path AS class_path, materials.material_id, materials.name, materials.material_type, materials.file_id, materials.origin, materials.preset_tags, materials.tags, classes.in_doubt OR (EXISTS (SELECT doubts.reason
FROM doubts
WHERE doubts.platform = materials.platform AND doubts.generation = materials.generation AND doubts.key = materials.material_id AND doubts.kind = 'material'
 LIMIT 1 OFFSET 0)) AS in_doubt, (TIMESTAMP WITH TIME ZONE 'epoch' + materials.created_at * INTERVAL '1 microsecond') AS created_at, (TIMESTAMP WITH TIME ZONE 'epoch' + materials.changed_at * INTERVAL '1 microsecond') AS changed_at, (TIMESTAMP WITH TIME ZONE 'epoch' + materials.confirmed_at * INTERVAL '1 microsecond') AS confirmed_at, materials.created_seq, materials.changed_seq
FROM platforms JOIN materials ON materials.platform = platforms.platform AND materials.generation = platforms.generation JOIN classes ON classes.platform = materials.platform AND classes.generation = materials.generation AND classes.class_id = materials.class_id;

CREATE VIEW media_gone AS
SELECT materials.platform, materials.material_id, materials.state, materials.name, materials.file_id, materials.last_owner_type, materials.last_owner_id, materials.last_path AS last_class_path, (TIMESTAMP WITH TIME ZONE 'epoch' + materials.changed_at * INTERVAL '1 microsecond') AS changed_at, materials.changed_seq
FROM platforms JOIN materials ON materials.platform = platforms.platform AND materials.generation = platforms.generation
WHERE materials.state != 'live';

CREATE VIEW media_files AS
SELECT files.platform, files.file_id, files.operation_type, files.task_id, files.project_id, files.size_bytes, files.duration_seconds, files.width, files.height, files.container, files.bitrate, (SELECT count(materials.class_id) AS count_1
FROM materials
WHERE materials.platform = files.platform AND materials.generation = files.generation AND materials.file_id = files.file_id) AS live_materials
FROM platforms JOIN files ON files.platform = platforms.platform AND files.generation = platforms.generation;

CREATE VIEW media_links AS
SELECT links.platform, links.material_id, links.kind, classes.owner_type, classes.owner_id, classes.class_id, classes.path AS class_path, links.target_material_id, links.target_owner_type, links.target_owner_id, links.target_path AS target_class_path, links.status
FROM platforms JOIN links ON links.platform = platforms.platform AND links.generation = platforms.generation JOIN classes ON classes.platform = links.platform AND classes.generation = links.generation AND classes.class_id = links.class_key
WHERE links.kind = 'placement' UNION ALL SELECT links.platform, links.material_id, links.kind, classes.owner_type, classes.owner_id, classes.class_id, classes.path AS class_path, links.target_material_id, links.target_owner_type, links.target_owner_id, links.target_path AS target_class_path, links.status
FROM platforms JOIN links ON links.platform = platforms.platform AND links.generation = platforms.generation JOIN materials ON materials.platform = links.platform AND materials.generation = links.generation AND materials.material_id = links.material_id JOIN classes ON classes.platform = materials.platform AND classes.generation = materials.generation AND classes.class_id = materials.class_id
WHERE links.kind != 'placement';

CREATE VIEW material_tags AS
SELECT tags.platform, tags.material_id, tags.kind, tags.tag
FROM platforms JOIN tags ON tags.platform = platforms.platform AND tags.generation = platforms.generation JOIN materials ON materials.platform = tags.platform AND materials.generation = tags.generation AND materials.material_id = tags.material_id
WHERE materials.state = 'live';

CREATE VIEW project_board AS
SELECT projects.platform, projects.project_id, projects.category, projects.name, projects.status, projects.running, projects.pvw_on, projects.pgm_on, projects.interrupted_inputs, projects.interrupted_outputs, (TIMESTAMP WITH TIME ZONE 'epoch' + projects.status_at * INTERVAL '1 microsecond') AS status_at, projects.changed_seq
FROM platforms JOIN projects ON projects.platform = platforms.platform AND projects.generation = platforms.generation
WHERE NOT projects.gone;

CREATE VIEW project_timeline AS
SELECT project_statuses.platform, project_statuses.project_id, project_statuses.status, project_statuses.detail, (TIMESTAMP WITH TIME ZONE 'epoch' + project_statuses.at * INTERVAL '1 microsecond') AS from_at, (TIMESTAMP WITH TIME ZONE 'epoch' + (SELECT later.at
FROM project_statuses AS later
WHERE later.platform = project_statuses.platform AND later.generation = project_statuses.generation AND later.project_id = project_statuses.project_id AND later.seq > project_statuses.seq ORDER BY later.seq
 LIMIT 1) * INTERVAL '1 microsecond') AS to_at, project_statuses.seq
FROM platforms JOIN project_statuses ON project_statuses.platform = platforms.platform AND project_statuses.generation = platforms.generation;

CREATE VIEW export_tasks AS
SELECT tasks.platform, tasks.task_id, tasks.status, tasks.err_code, tasks.err_msg, tasks.material_id, tasks.file_id, (TIMESTAMP WITH TIME ZONE 'epoch' + tasks.completed_at * INTERVAL '1 microsecond') AS completed_at, tasks.changed_seq AS seq
FROM platforms JOIN tasks ON tasks.platform = platforms.platform AND tasks.generation = platforms.generation;

CREATE VIEW delivery_log AS
SELECT journal.platform, journal.seq, (TIMESTAMP WITH TIME ZONE 'epoch' + journal.received_at * INTERVAL '1 microsecond') AS received_at, journal.source, outcomes.event_type, coalesce(outcomes.outcome, 'pending') AS outcome, outcomes.detail, coalesce(outcomes.change_count, 0) AS change_count, journal.redelivery_of
FROM platforms JOIN journal ON journal.platform = platforms.platform LEFT OUTER JOIN outcomes ON outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation AND outcomes.seq = journal.seq;

CREATE VIEW change_log AS
SELECT changes.platform, changes.seq, changes.ordinal, changes.entity, changes.key, changes.op, changes.before, changes.after
FROM platforms JOIN changes ON changes.platform = platforms.platform AND changes.generation = platforms.generation;

CREATE VIEW open_doubts AS
SELECT doubts.platform, doubts.kind, doubts.key, doubts.reason, (TIMESTAMP WITH TIME ZONE 'epoch' + doubts.since_at * INTERVAL '1 microsecond') AS since_at, doubts.since_seq
FROM platforms JOIN doubts ON doubts.platform = platforms.platform AND doubts.generation = platforms.generation;

CREATE VIEW mirror_status AS
SELECT platforms.platform, heads.head_seq, coalesce(checkpoints.seq, 0) AS applied_seq, heads.head_seq - coalesce(checkpoints.seq, 0) AS lag, (TIMESTAMP WITH TIME ZONE 'epoch' + heads.last_received_at * INTERVAL '1 microsecond') AS last_received_at, (SELECT count(*) AS count_1
FROM outcomes
WHERE outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation AND outcomes.outcome = 'quarantined') AS quarantined, (SELECT count(*) AS count_2
FROM outcomes
WHERE outcomes.platform = platforms.platform AND outcomes.generation = platforms.generation AND outcomes.outcome = 'unrecognised') AS unrecognised, (SELECT count(*) AS count_3
FROM doubts
WHERE doubts.platform = platforms.platform AND doubts.generation = platforms.generation) AS open_doubts, (TIMESTAMP WITH TIME ZONE 'epoch' + heads.last_reconciled_at * INTERVAL '1 microsecond') AS last_reconciled_at
FROM platforms JOIN heads ON heads.platform = platforms.platform LEFT OUTER JOIN checkpoints ON checkpoints.platform = platforms.platform AND checkpoints.generation = platforms.generation;
