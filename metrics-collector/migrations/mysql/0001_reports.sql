-- The tables of migrations/sqlite, which says what the columns are. Names are compared byte by
-- byte. An index here holds 3,072 bytes at most, so a digest stands for the four names.
CREATE TABLE series (
    id        BIGINT AUTO_INCREMENT PRIMARY KEY,
    namespace VARCHAR(255) NOT NULL,
    trial     VARCHAR(255) NOT NULL,
    metric    TEXT NOT NULL,
    source    TEXT NOT NULL,
    digest    CHAR(64) GENERATED ALWAYS AS
              (SHA2(CONCAT_WS('\n', namespace, trial, metric, source), 256)) STORED,
    UNIQUE (digest),
    INDEX (namespace, trial)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE reports (
    id         BIGINT AUTO_INCREMENT PRIMARY KEY,
    series     BIGINT NOT NULL,
    place      BIGINT NOT NULL,
    positioned BOOLEAN NOT NULL,
    time       BIGINT NOT NULL,
    step       BIGINT,
    value      TEXT NOT NULL,
    UNIQUE (series, place),
    FOREIGN KEY (series) REFERENCES series (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
