"""The tables."""

import sqlalchemy as sa

metadata = sa.MetaData()
