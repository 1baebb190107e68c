-- The tables of migrations/sqlite, which says what the columns are.
CREATE TABLE series (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace TEXT NOT NULL,
    trial     TEXT NOT NULL,
    metric    TEXT NOT NULL,
    source    TEXT NOT NULL,
    UNIQUE (namespace, trial, metric, source)
);

CREATE TABLE reports (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series     BIGINT NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    place      BIGINT NOT NULL,
    positioned BOOLEAN NOT NULL,
    time       BIGINT NOT NULL,
    step       BIGINT,
    value      TEXT NOT NULL,
    UNIQUE (series, place)
);
