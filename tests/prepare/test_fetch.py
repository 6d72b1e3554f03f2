"""Labelled text of packages."""

from mixtura.prepare.fetch import rated_rows


def test_ratings_between_the_bounds_are_left_out() -> None:
    rows = rated_rows("1\t0.5\tfine\n2\t-0.5\tpoor\n3\t0.4\tmeh\n4\t-3.1\twith\ttab\n")
    assert rows.rows() == [("fine", "positive"), ("poor", "negative"), ("with\ttab", "negative")]
