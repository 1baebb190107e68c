-- A series is one metric of one trial read from one source; its reports hang on its number, so
-- that names are stored once and not with every report.
CREATE TABLE series (
    id        INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    trial     TEXT NOT NULL,
    metric    TEXT NOT NULL,
    source    TEXT NOT NULL,
    UNIQUE (namespace, trial, metric, source)
);

-- `id` grows in the order of arrival. `place` is the position in the source: the same place
-- again is the same report. `time` counts microseconds from 1970. `positioned` is 0 where the
-- place was derived from time and value.
CREATE TABLE reports (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    series     INTEGER NOT NULL REFERENCES series (id),
    place      INTEGER NOT NULL,
    positioned INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    step       INTEGER,
    value      TEXT NOT NULL,
    UNIQUE (series, place)
);
