"""Refresh tokens, stored as hashes."""

from alembic import op

revision = "0020"
down_revision = "0019"


# token_hash is the SHA-256 of the token. All tokens that descend from one sign-in share a
# family_id (the bytes of a UUID): using a token twice revokes the whole family.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS refresh_token (
          refresh_token_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
          api_user_id INT UNSIGNED NOT NULL,
          token_hash BINARY(32) NOT NULL,
          family_id BINARY(16) NOT NULL,
          create_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          expire_date DATETIME NOT NULL,
          use_date DATETIME DEFAULT NULL,
          revoke_date DATETIME DEFAULT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (refresh_token_id),
          UNIQUE KEY idx_unique_token_hash (token_hash),
          KEY idx_family_id (family_id),
          KEY idx_expire_date (expire_date),
          KEY idx_fk_api_user_id (api_user_id),
          CONSTRAINT fk_refresh_token_api_user FOREIGN KEY (api_user_id)
            REFERENCES api_user (api_user_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT chk_refresh_token_expire_date CHECK (expire_date > create_date)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS refresh_token")
