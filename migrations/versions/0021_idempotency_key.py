"""Stored responses to POST requests with an Idempotency-Key."""

from alembic import op

revision = "0021"
down_revision = "0020"


# A row without response_status belongs to a request that is still running. The response body is
# stored byte by byte, its headers as JSON text; the fingerprint is a SHA-256.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS idempotency_key (
          idempotency_key_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
          api_user_id INT UNSIGNED NOT NULL,
          idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
          method VARCHAR(10) NOT NULL,
          path VARCHAR(255) NOT NULL,
          request_fingerprint BINARY(32) NOT NULL,
          response_status SMALLINT UNSIGNED DEFAULT NULL,
          response_headers TEXT DEFAULT NULL,
          response_body MEDIUMBLOB DEFAULT NULL,
          create_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (idempotency_key_id),
          UNIQUE KEY idx_unique_api_user_id_idempotency_key (api_user_id, idempotency_key),
          KEY idx_create_date (create_date),
          CONSTRAINT fk_idempotency_key_api_user FOREIGN KEY (api_user_id)
            REFERENCES api_user (api_user_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT chk_idempotency_key_response_status CHECK (response_status BETWEEN 100 AND 599)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS idempotency_key")
