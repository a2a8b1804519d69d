"""Small ledgers in memory: rules as data, events as tuples."""

import datetime as dt

import pandas as pd

from toolkit.rules import Points
from toolkit.scoring.points import book

COLUMNS = ["ratee_id", "date", "rule", "quantity", "evidence"]


def booked(rules, events, *, subjects=(("m", ""),), **period):
    """The book of events (date, rule, quantity), of member m unless a fourth value names another."""
    rows = [(more[0] if more else "m", date, rule, quantity, "") for date, rule, quantity, *more in events]
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"quantity": float, "date": str, "rule": str, "ratee_id": str})
    people = pd.DataFrame(list(subjects), columns=["ratee_id", "category"], dtype=str)
    days = {key: dt.date.fromisoformat(day) for key, day in period.items() if key != "brought"}
    brought = {"brought": period["brought"]} if "brought" in period else {}
    return book(frame, Points.model_validate(rules), people, **days, **brought)


def lines(ledger, ratee="m", *columns):
    """Chosen columns of a ratee's lines, as tuples."""
    mine = ledger[ledger["ratee_id"] == ratee]
    return [*mine[[*(columns or ("got", "code"))]].itertuples(index=False, name=None)]


def balance(balances, ratee="m", dimension="", column="points"):
    """One number of the balances."""
    row = balances[(balances["ratee_id"] == ratee) & (balances["dimension"] == dimension)]
    assert len(row) == 1
    return row[column].iloc[0]
