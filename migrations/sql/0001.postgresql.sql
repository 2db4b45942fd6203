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

CREATE UNIQUE INDEX ix_classes_platform_generation_owner_type_owner_id_path ON classes (platform, generation, owner_type, owner_id, path);

CREATE INDEX ix_classes_platform_generation_parent_id ON classes (platform, generation, parent_id);

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
    CONSTRAINT pk_doubts PRIMARY KEY (platform, generation, kind, key, reason)
);

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

CREATE INDEX ix_materials_platform_generation_class_id_material_id ON materials (platform, generation, class_id, material_id);

CREATE INDEX ix_materials_platform_generation_file_id ON materials (platform, generation, file_id);

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

CREATE INDEX ix_outcomes_notable ON outcomes (platform, generation, outcome, seq) WHERE outcome IN ('quarantined', 'unrecognised');

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

CREATE TABLE tags (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    generation INTEGER NOT NULL,
    kind VARCHAR(16) COLLATE "C" NOT NULL,
    tag TEXT NOT NULL,
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

CREATE TABLE unconfirmed (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    body_digest BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    repeats INTEGER NOT NULL,
    CONSTRAINT pk_unconfirmed PRIMARY KEY (platform, seq)
);

CREATE INDEX ix_unconfirmed_platform_body_digest ON unconfirmed (platform, body_digest);

CREATE TABLE callback_tokens (
    platform VARCHAR(255) COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT pk_callback_tokens PRIMARY KEY (platform, digest),
    CONSTRAINT fk_callback_tokens_platform_platforms FOREIGN KEY(platform) REFERENCES platforms (platform)
);

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
